import Files
import Settings
import Storage

/// The artefacts of an experiment's stages, and the files that the stages read.
package struct Artefacts {
  /// Files of data set and tokenizer with the SHA-256 of their content.
  let inputs: [(path: String, hash: String)]
  /// The first of `inputs`, which are files of the data set.
  private let images: Int
  /// Checkpoints that trainings start from, with the SHA-256 of their content.
  private let weights: [(path: String, hash: String)]
  /// The trained tokenizer.
  let tokenizer: Artefact
  /// The latents of the data set.
  let latents: Artefact
  /// The trained model.
  package let model: Artefact

  /// Hashes the inputs that changed since they were hashed last; the data set must be open. Throws where a file cannot
  /// be read, and `Stopped` after a requested stop.
  package init(of assembly: Assembly) throws {
    let files = assembly.dataset.files + assembly.tokenizer.files
    images = assembly.dataset.files.count
    let hashes = try FileManifest.ofUser.hashes(of: files) { _ in
      if Interruption.isRequested { throw Stopped("stopped while the input files were read") }
    }
    inputs = zip(files, hashes).map { ($0, $1) }
    let settings = assembly.settings, folder = assembly.results
    let tokenizerWeights = try Self.weights(of: assembly.tokenizerTraining)
    let modelWeights = try Self.weights(of: assembly.training)
    weights = tokenizerWeights + modelWeights
    for file in modelWeights { try Self.refuse(file.path, ifUnawareOf: assembly) }
    // Of many images one line, which any change of one of them changes.
    let list = images > 1 ? ["inputs=\(InputFolder(Array(inputs.prefix(images))).hash)"] : []
    let read =
      list + inputs.dropFirst(list.isEmpty ? 0 : images).map { "input=\($0.hash)" }
      + tokenizerWeights.map { "weights=\($0.hash)" }
    // A tokenizer that is trained in the direction's layout is another one for another direction.
    let sections = ["seed", "dataset", "tokenizer"] + (assembly.tokenizer.followsLayout ? ["direction"] : [])
    tokenizer = Artefact("tokenizer", in: folder, settings, sections: sections, inputs: read, sources: [])
    // A tokenizer without parameters leaves no checkpoint.
    let trained = assembly.tokenizer.parameters.isEmpty ? [] : [tokenizer]
    latents = Artefact(
      "latents", in: folder, settings, sections: sections,
      inputs: read + assembly.training.augmentation.recipe, sources: trained)
    model = Artefact(
      "model", in: folder, settings,
      sections: ["seed", "dataset", "tokenizer", "direction", "conditioner", "backbone", "loss", "training"],
      inputs: read + modelWeights.map { "weights=\($0.hash)" }, sources: trained)
  }

  /// Returns the checkpoint that a training starts from, with its hash; empty for random initialization.
  private static func weights(of configuration: TrainingConfiguration) throws -> [(path: String, hash: String)] {
    guard !configuration.weights.isEmpty else { return [] }
    let path = configuration.weights, hash: String
    do { hash = try FileManifest.ofUser.hash(of: path) } catch {
      throw LaboratoryError(
        error.reason == .missing
          ? "\(error.path): there is no such checkpoint to start from; make it with 'overtone import'."
          : "\(error) Name a checkpoint that 'overtone import' or 'overtone run' made.")
    }
    // The signature of HDF5.
    guard try ByteSource(file: path).bytes(at: 0, count: 8) == [0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A] else {
      throw LaboratoryError("\(path): this is not a checkpoint of Overtone.")
    }
    return [(path, hash)]
  }

  /// Throws where imported weights of a model, which hold no statistics, would meet scales of tokens that are measured.
  private static func refuse(_ path: String, ifUnawareOf assembly: Assembly) throws {
    let all =
      assembly.model.loss.statistics.map { ("loss", $0.statistic) }
      + assembly.tokenizer.statistics.map { ("tokenizer", $0.statistic) }
    for (section, statistic) in all {
      guard let scaling = statistic.scaling else { continue }
      let reader = try Reader(path)
      guard reader.text(attribute: "file_type") == "checkpoint", reader.has("model"), !reader.has("statistics") else {
        return
      }
      throw LaboratoryError(
        "\(path): these imported weights never saw the \(scaling.quantity) that '\(section).\(scaling.key)' measures; "
          + "set it to \(scaling.remedy).")
    }
  }

  /// Returns the content of `inputs.json`. Many files of a data set are one input, whose list of hashes is written
  /// where it is missing.
  func record(in results: String) throws -> InputRecord {
    let files = inputs.prefix(images), others = inputs.dropFirst(images) + weights
    let isFolder = files.count > 1
    let read =
      (isFolder ? [try InputFolder(Array(files)).record(in: results, count: files.count)] : [])
      + ((isFolder ? [] : files) + others).map { InputRecord.Input(path: $0.path, hash: $0.hash) }
    return InputRecord(
      inputs: read, tokenizer: tokenizer.folder, latents: latents.folder, model: model.folder, hashes: [:])
  }
}
