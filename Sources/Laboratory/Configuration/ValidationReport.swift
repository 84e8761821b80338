import Autoregression

/// What `validate` finds: that a file is sound, and with its inputs what is there.
package struct ValidationReport {
  private let assembly: Assembly
  private let images: Int?
  private let made: Artefacts?

  package init(_ assembly: Assembly, opening: Bool) throws {
    var assembly = assembly
    if opening { try assembly.dataset.open() }
    images = opening ? assembly.dataset.count : nil
    made = opening ? try Artefacts(of: assembly) : nil
    self.assembly = assembly
  }

  private var stages: [(name: String, artefact: Artefact, state: String)] {
    guard let made else { return [] }
    var stages: [(String, Artefact, String)] = []
    for (name, artefact, plan) in [
      ("tokenizer", made.tokenizer, assembly.tokenizerTraining), ("model", made.model, assembly.training),
    ] where name == "model" || !assembly.tokenizer.parameters.isEmpty {
      let step = artefact.step
      stages.append(
        (name, artefact, step.map { $0 >= plan.steps ? "trained" : "step \($0) of \(plan.steps)" } ?? "to be trained"))
    }
    return stages
  }

  package var text: String {
    let sound = "sound (\(assembly.tokenSummary), \(assembly.classes) classes)"
    guard let images, let made else { return sound }
    return
      ([sound, "  data set: \(images) images\(made.inputs.isEmpty ? "" : " in \(made.inputs.count) files")"]
      + stages.map { "  \($0.name): \($0.state) (\($0.artefact.folder))" }).joined(separator: "\n")
  }

  package var fields: [(String, JSON)] {
    let found: [(String, JSON)] = [
      ("sound", .bool(true)), ("tokens", .text(assembly.tokenSummary)), ("classes", .number(Double(assembly.classes))),
    ]
    guard let images, let made else { return found }
    return found + [
      ("images", .number(Double(images))), ("inputs", .list(made.inputs.map { .text($0.path) })),
      (
        "stages",
        .object(
          stages.map { ($0.name, .object([("state", .text($0.state)), ("folder", .text($0.artefact.folder))])) })
      ),
    ]
  }
}
