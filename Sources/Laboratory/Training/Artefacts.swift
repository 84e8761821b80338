import Files
import Settings
import Storage

/// The artefacts of an experiment's stages, and the files that the stages read.
package struct Artefacts {
  /// Files of data set and tokenizer with the SHA-256 of their content.
  let inputs: [(path: String, hash: String)]
  /// Checkpoints that trainings start from, with the SHA-256 of their content.
  private let weights: [(path: String, hash: String)]
  /// The trained tokenizer.
  let tokenizer: Artefact
  /// The latents of the data set.
  let latents: Artefact
  /// The trained model.
  package let model: Artefact

  /// Hashes the inputs; the data set must be open. Throws where a file cannot be read.
  package init(of assembly: Assembly) throws {
    inputs = try (assembly.dataset.files + assembly.tokenizer.files).map { path in
      guard let hash = SHA256.hex(ofFile: path) else { throw LaboratoryError("\(path): it cannot be read.") }
      return (path, hash)
    }
    let settings = assembly.settings, folder = assembly.results
    let tokenizerWeights = try Self.weights(of: assembly.tokenizerTraining)
    let modelWeights = try Self.weights(of: assembly.training)
    weights = tokenizerWeights + modelWeights
    let read = inputs.map { "input=\($0.hash)" } + tokenizerWeights.map { "weights=\($0.hash)" }
    // A tokenizer that is trained in the direction's layout is another one for another direction.
    let sections = ["seed", "dataset", "tokenizer"] + (assembly.tokenizer.followsLayout ? ["direction"] : [])
    tokenizer = Artefact("tokenizer", in: folder, settings, sections: sections, inputs: read)
    latents = Artefact(
      "latents", in: folder, settings, sections: sections,
      inputs: read + (assembly.training.flips ? ["mirrored=true"] : []))
    model = Artefact(
      "model", in: folder, settings,
      sections: ["seed", "dataset", "tokenizer", "direction", "conditioner", "backbone", "loss", "training"],
      inputs: read + modelWeights.map { "weights=\($0.hash)" })
  }

  /// Returns the checkpoint that a training starts from, with its hash; empty for random initialization.
  private static func weights(of configuration: TrainingConfiguration) throws -> [(path: String, hash: String)] {
    guard !configuration.weights.isEmpty else { return [] }
    guard let hash = SHA256.hex(ofFile: configuration.weights) else {
      throw LaboratoryError(
        "\(configuration.weights): there is no such checkpoint to start from; make it with 'overtone import'.")
    }
    return [(configuration.weights, hash)]
  }

  /// The content of `inputs.json`.
  var record: InputRecord {
    InputRecord(
      inputs: (inputs + weights).map { InputRecord.Input(path: $0.path, hash: $0.hash) }, tokenizer: tokenizer.folder,
      latents: latents.folder, model: model.folder)
  }
}
