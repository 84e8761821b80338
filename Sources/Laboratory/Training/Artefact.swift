import Foundation
import Images
import Settings
import Storage

/// What one stage of a run makes, in a folder whose name tells all that shaped it: made once, used by every run that
/// asks for the same.
package struct Artefact {
  package let folder: String
  /// The settings and inputs that shape it, a line each.
  let recipe: String

  /// `sections` are the parts of the experiment that shape the stage; `inputs` the hashes of what it reads.
  init(_ stage: String, in results: String, _ settings: Settings, sections: [String], inputs: [String]) {
    let lines = settings.reads.filter { section, reading in
      reading.yaml != nil && reading.shapesTraining
        && sections.contains { Artefact.isInside("\(section).\(reading.key)", $0) }
        && !Artefact.isCosmetic(reading.key)
    }.map { section, reading in "\(section).\(reading.key)=\(reading.yaml ?? "")" }
    recipe = (["stage=\(stage)"] + lines.sorted() + inputs).joined(separator: "\n") + "\n"
    folder = "\(results)/artefacts/\(stage)-\(SHA256.hex(of: recipe).prefix(12))"
  }

  private static func isInside(_ path: String, _ section: String) -> Bool {
    path == section || path == ".\(section)" || path.hasPrefix("\(section).") || path.hasPrefix("\(section)[")
  }

  /// Settings that change how a stage is run, not what it makes.
  private static func isCosmetic(_ key: String) -> Bool { ["save-every", "cache-latents"].contains(key) }

  /// Steps that its checkpoint has taken; nil where there is none.
  var step: Int? { (try? Reader(checkpoint).ints("cursor/step"))?.first }
  /// Latents as numbers, which serve every direction, or as codes, where those are enough for one.
  func latents(_ content: LatentFile.Form.Content) -> String {
    "\(folder)/\(content == .codes ? "codes" : "latents").h5"
  }
  var checkpoint: String { "\(folder)/checkpoint.h5" }
  var metrics: MetricsLog { MetricsLog("\(folder)/metrics.h5") }

  func prepare() throws { try Folder.make(folder) }
}

/// What the stages of one experiment make, and what they read.
package struct Artefacts {
  /// Files of data set and tokenizer with the hash of their content.
  let inputs: [(path: String, hash: String)]
  /// Checkpoints that trainings begin from.
  private let weights: [(path: String, hash: String)]
  let tokenizer: Artefact
  let latents: Artefact
  package let model: Artefact

  /// The data set must be open.
  package init(of assembly: Assembly) throws {
    inputs = try (assembly.dataset.files + assembly.tokenizer.files).map { path in
      guard let hash = SHA256.hex(ofFile: path) else { throw LaboratoryError("\(path): it cannot be read.") }
      return (path, hash)
    }
    let settings = assembly.settings, folder = assembly.results
    let first = try Self.weights(of: assembly.tokenizerTraining), second = try Self.weights(of: assembly.training)
    weights = first + second
    let read = inputs.map { "input=\($0.hash)" } + first.map { "weights=\($0.hash)" }
    // A tokenizer that is trained in the direction's layout is another one for another direction.
    let sections = ["seed", "dataset", "tokenizer"] + (assembly.tokenizer.followsLayout ? ["direction"] : [])
    tokenizer = Artefact("tokenizer", in: folder, settings, sections: sections, inputs: read)
    latents = Artefact(
      "latents", in: folder, settings, sections: sections,
      inputs: read + (assembly.training.flips ? ["mirrored=true"] : []))
    model = Artefact(
      "model", in: folder, settings,
      sections: ["seed", "dataset", "tokenizer", "direction", "conditioner", "backbone", "loss", "training"],
      inputs: read + second.map { "weights=\($0.hash)" })
  }

  /// What a training begins from, by its contents.
  private static func weights(of plan: TrainingConfiguration) throws -> [(path: String, hash: String)] {
    guard !plan.weights.isEmpty else { return [] }
    guard let hash = SHA256.hex(ofFile: plan.weights) else {
      throw LaboratoryError("\(plan.weights): there is no such file to begin from; make it with 'overtone import'.")
    }
    return [(plan.weights, hash)]
  }

  /// For those who repeat the run.
  var record: InputRecord {
    InputRecord(
      inputs: (inputs + weights).map { InputRecord.Input(path: $0.path, hash: $0.hash) }, tokenizer: tokenizer.folder,
      latents: latents.folder, model: model.folder)
  }
}
