import Settings

/// A stage of a run. Each requires those before it, except that samples and evaluation require only the model.
enum Stage: String, Setting, CaseIterable {
  /// Trained encoder, decoder and quantizer.
  case tokenizer
  /// Latents of the data set in a file, as `training.cache-latents` says.
  case latents
  /// Trained conditioner, backbone and loss.
  case model
  /// Generated images of all classes.
  case samples
  /// Metrics of generated and reconstructed images.
  case evaluation

  /// The stages that must be complete before this one. The model's training makes latents where it uses them.
  private var prerequisites: Set<Stage> {
    switch self {
    case .tokenizer: []
    case .latents, .model: [.tokenizer]
    case .samples, .evaluation: [.tokenizer, .model]
    }
  }

  /// Returns the stages that are named, with their prerequisites.
  static func selection(named: [Stage]) -> Set<Stage> {
    named.reduce(into: []) { $0.formUnion($1.prerequisites.union([$1])) }
  }

  /// Reads the key `stages`; throws where the list is empty.
  static func selection(_ settings: inout Settings) throws(SettingsError) -> Set<Stage> {
    let named: [Stage] = try settings[
      "stages", default: allCases, about: "the stages to run, with their prerequisites"]
    guard !named.isEmpty else {
      throw settings.refusal(
        "'stages' names nothing to make; name some of \(allCases.map(\.rawValue).joined(separator: ", ")).",
        at: "stages")
    }
    return selection(named: named)
  }
}
