import Foundation
import Laboratory
import ProgramSupport
import Storage
import Tensors
import Testing

@Suite struct DivergenceTests {
  /// Overrides with which the tiny model diverges within a few steps.
  private static let diverging = [
    "training.steps=40", "training.learning-rate=10", "training.gradient-clip=0", "training.save-every=1",
  ]

  @Test("a training that diverges says step, culprit, norms and cure, and keeps its last good checkpoint and the step")
  func training() throws {
    let scratch = Scratch(), runs = try TinyExperiment.runs(in: scratch, Self.diverging), folder = runs.specs[0].folder
    let error = try #require(message { try TinyExperiment.execute(runs, retries: 3) })
    #expect(
      error.contains(
        try Regex(
          #"^model: step \d+ of 40 diverged: the loss is not finite "#
            + #"\(gradient norms before: [0-9.e+]+(, [0-9.e+]+)+\)\. "#
            + #"Lower training.learning-rate \(10\), set training.gradient-clip \(0\) or raise training.warmup-steps "#
            + #"\(4\). See .*/artefacts/model-\w+ \(checkpoint of step \d+ and debug.h5\)\.$"#)), "\(error)")
    #expect(RunState(folder).kind == .failed && RunState(folder).detail == error)
    let log = try String(contentsOfFile: "\(folder)/log.txt", encoding: .utf8)
    #expect(!log.contains("trying again"))

    let stage = try #require(scratch.content.first { $0.hasSuffix("/debug.h5") }).dropLast("/debug.h5".count)
    let checkpoint = "\(scratch.path)/\(stage)/checkpoint.h5", debug = "\(scratch.path)/\(stage)/debug.h5"
    let parameters = try TinyExperiment.assembly().model.parameters.map(\.path)
    let saved = try Checkpoint(from: checkpoint, parameters: parameters, statistics: [])
    #expect((saved.model + saved.average + saved.means + saved.squares).allSatisfy { $0.value.isFinite })

    let reader = try Reader(debug), steps = try reader.ints("history/step"), rows = try reader.ints("rows")
    #expect(
      steps.last == saved.step + 1 && steps.count == steps.last && reader.text(attribute: "culprit") == "the loss")
    #expect(rows.count == 4 && rows.allSatisfy { (0..<16).contains($0) })
    #expect(try reader.doubles("parameters/norm").count == parameters.count)
    #expect(try reader.tensor("culprit").scalar.isFinite == false)

    // The next start goes on from there, warns, and ends alike.
    let before = FileManager.default.contents(atPath: checkpoint)
    #expect(message { try TinyExperiment.execute(runs) } == error)
    #expect(FileManager.default.contents(atPath: checkpoint) == before)
    let warning = "model: step \(saved.step + 1) diverged before, and will again unless something changes ("
    #expect(try String(contentsOfFile: "\(folder)/log.txt", encoding: .utf8).contains(warning))
  }

  @Test("a sweep goes on after a run that diverged, and lists it at the end")
  func sweep() throws {
    let scratch = Scratch()
    let runs = try TinyExperiment.runs(
      in: scratch, [],
      "sweep: { variants: { bad: { training: { steps: 40, learning-rate: 10, gradient-clip: 0 } }, good: } }")
    let error = message { try TinyExperiment.execute(runs) } ?? ""
    #expect(
      error.hasPrefix(
        "1 of 2 runs failed; the same command tries them again:\n  bad, seed 3: failed: model: step "), "\(error)")
    #expect(RunState(runs.specs[1].folder).kind == .done)
  }

  @Test("tokens that are not finite stop the sampling with turn and image")
  func sampling() throws {
    let scratch = Scratch(), runs = try TinyExperiment.runs(in: scratch, ["sampling.temperature=3e38"])
    let error = message { try TinyExperiment.execute(runs) } ?? ""
    #expect(error.hasPrefix("sampling: the tokens of turn 1 of image 1 are not finite; bring sampling."), "\(error)")
    #expect(RunState(runs.specs[0].folder).kind == .failed)
  }

  @Test("weights that are not finite are not adopted", arguments: [Float.nan, .infinity])
  func weights(_ value: Float) throws {
    let scratch = Scratch(), unscaled = "loss.token-scale=none"
    let model = try TinyExperiment.assembly([unscaled]).model, path = "\(scratch.path)/weights.h5"
    var checkpoint = Checkpoint()
    checkpoint.model = model.parameters.map { ($0.path, $0.parameter.value) }
    let shape = checkpoint.model[1].value.shape
    checkpoint.model[1].value = Tensor(repeating: value, shape: shape)
    try checkpoint.write(to: path)
    let runs = try TinyExperiment.runs(in: scratch, ["training.weights=\(path)", unscaled])
    #expect(
      message { try TinyExperiment.execute(runs) }
        == "\(path): '\(checkpoint.model[1].path)' holds numbers that are not finite; take another checkpoint.")
  }

  @Test("a clip that scales every gradient to zero is refused, and none is allowed")
  func clip() {
    let error = message { _ = try TinyExperiment.assembly(["training.gradient-clip=1e-300"]) } ?? ""
    #expect(error.hasPrefix("override: 'gradient-clip' must be 0 for no clipping, or at least 1e-6, not 1e-300."))
    #expect(message { _ = try TinyExperiment.assembly(["training.gradient-clip=0"]) } == nil)
  }
}
