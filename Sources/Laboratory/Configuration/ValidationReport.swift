import Autoregression

/// The result of `overtone validate`: what an assembled experiment consists of, and with its data set opened, which
/// stages are trained.
package struct ValidationReport {
  private let assembly: Assembly
  /// Images to train on, and held-out ones; nil where the data set was not opened.
  private let images: (train: Int, heldOut: Int)?
  /// The folders of the stages; nil where the data set was not opened.
  private let artefacts: Artefacts?

  /// `opening`: opens the data set and hashes the files that it reads.
  package init(_ assembly: Assembly, opening: Bool) throws {
    var assembly = assembly
    if opening { try assembly.dataset.open() }
    images = opening ? (assembly.dataset.train.count, assembly.dataset.heldOut.count) : nil
    artefacts = opening ? try Artefacts(of: assembly) : nil
    self.assembly = assembly
  }

  /// The trainable stages with their state: "trained", "step 3 of 10", "to be trained".
  private var stages: [(name: String, artefact: Artefact, state: String)] {
    guard let artefacts else { return [] }
    var stages: [(String, Artefact, String)] = []
    for (name, artefact, configuration) in [
      ("tokenizer", artefacts.tokenizer, assembly.tokenizerTraining), ("model", artefacts.model, assembly.training),
    ] where name == "model" || !assembly.tokenizer.parameters.isEmpty {
      let step = artefact.step
      stages.append(
        (
          name, artefact,
          step.map { $0 >= configuration.steps ? "trained" : "step \($0) of \(configuration.steps)" } ?? "to be trained"
        ))
    }
    return stages
  }

  /// The report for people, a few lines.
  package var text: String {
    let summary = "sound (\(assembly.tokenSummary), \(assembly.classes) classes)"
    guard let images, let artefacts else { return summary }
    let files = artefacts.inputs.isEmpty ? "" : " in \(artefacts.inputs.count) files"
    return
      ([summary, "  data set: \(images.train) images to train on, \(images.heldOut) held out\(files)"]
      + stages.map { "  \($0.name): \($0.state) (\($0.artefact.folder))" }).joined(separator: "\n")
  }

  /// The report as fields of a JSON object.
  package var fields: [(String, JSON)] {
    let common: [(String, JSON)] = [
      ("sound", .bool(true)), ("tokens", .text(assembly.tokenSummary)), ("classes", .number(Double(assembly.classes))),
    ]
    guard let images, let artefacts else { return common }
    return common + [
      ("images", .number(Double(images.train))),
      ("heldOut", .number(Double(images.heldOut))), ("inputs", .list(artefacts.inputs.map { .text($0.path) })),
      (
        "stages",
        .object(
          stages.map { ($0.name, .object([("state", .text($0.state)), ("folder", .text($0.artefact.folder))])) })
      ),
    ]
  }
}
