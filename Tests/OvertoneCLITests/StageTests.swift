import Foundation
import Laboratory
import OvertoneCLI
import ProgramSupport
import Testing

@Suite(.serialized) struct StageTests {
  private let file = "\(projectFolder)/Experiments/quickstart.yaml"
  private let tiny = [
    "dataset.count=32", "tokenizer.training.steps=2", "tokenizer.training.batch=4", "training.steps=2",
    "training.batch=4", "backbone.width=32", "backbone.depth=2", "loss.width=32", "loss.depth=1", "loss.steps=2",
    "sampling.per-class=1", "evaluation.count=4",
  ]

  private func run(_ folder: String, _ stages: String) throws {
    var command = try Overtone.parseAsRoot(
      ["run", "--quiet", file, "results=\(folder)", "stages=[\(stages)]", "training.cache-latents=true"] + tiny)
    try command.run()
  }

  /// The stages on disk, and the status of the run.
  private func state(_ folder: String) throws -> (stages: Set<String>, status: String) {
    let paths = try FileManager.default.subpathsOfDirectory(atPath: folder)
    var stages: Set<String> = []
    for (stage, end) in [
      ("tokenizer", "checkpoint.h5"), ("model", "checkpoint.h5"), ("latents", "latents.h5"),
      ("quickstart", "samples.h5"),
    ] where paths.contains(where: { $0.contains("\(stage)") && $0.hasSuffix(end) }) { stages.insert(stage) }
    let status = try String(contentsOfFile: "\(onlyRun(in: folder))/STATUS", encoding: .utf8)
    return (stages, String(status.prefix { $0 != "\n" }))
  }

  @Test("a run goes as far as its stages say, and on from there when they say more")
  func stages() throws {
    let folder = NSTemporaryDirectory() + "overtone-stages-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try run(folder, "tokenizer")
    #expect(try state(folder).stages == ["tokenizer"])
    #expect(try state(folder).status == "stopped: made tokenizer, as 'stages' says")
    try run(folder, "latents")
    #expect(try state(folder).stages == ["tokenizer", "latents"])
    try run(folder, "model")
    #expect(try state(folder).stages == ["tokenizer", "latents", "model"])
    // What measuring needs is there; images were not asked for.
    try run(folder, "evaluation")
    #expect(try state(folder).stages == ["tokenizer", "latents", "model"])
    #expect(FileManager.default.fileExists(atPath: "\(onlyRun(in: folder))/results.json"))
    try run(folder, "samples, evaluation")
    #expect(try state(folder).stages == ["tokenizer", "latents", "model", "quickstart"])
    #expect(try state(folder).status == "done")
  }

  @Test("stages that name nothing are refused")
  func none() {
    #expect {
      try run(NSTemporaryDirectory(), "")
    } throws: {
      "\($0)".contains("'stages' names nothing to make; name some of tokenizer, latents, model, samples, evaluation.")
    }
  }
}
