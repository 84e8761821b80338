import Settings

/// What a run makes, one after the other; each needs those before it, but samples and evaluation only the model.
enum Stage: String, Setting, CaseIterable {
  case tokenizer
  /// Latents of the data set in a file, as `training.cache-latents` says.
  case latents
  case model
  case samples
  case evaluation

  /// What must be there before this one is made. Latents are made by the model's training where it wants them.
  private var needed: Set<Stage> {
    switch self {
    case .tokenizer: []
    case .latents, .model: [.tokenizer]
    case .samples, .evaluation: [.tokenizer, .model]
    }
  }

  /// The stages that are named, and those that they need.
  static func wanted(by named: [Stage]) -> Set<Stage> { named.reduce(into: []) { $0.formUnion($1.needed.union([$1])) } }
}
