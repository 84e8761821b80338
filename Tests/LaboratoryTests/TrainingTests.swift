import Autoregression
import Foundation
import Laboratory
import Networks
import ProgramSupport
import Storage
import Tensors
import Testing

@Suite struct TrainingTests {
  /// A checkpoint of the tiny model with its initial parameters, changed by `change`.
  private func weights(in scratch: Scratch, _ change: (inout Checkpoint) -> Void = { _ in }) throws -> String {
    let model = try TinyExperiment.assembly().model, path = "\(scratch.path)/weights.h5"
    var checkpoint = Checkpoint()
    checkpoint.model = model.parameters.map { ($0.path, $0.parameter.value) }
    checkpoint.statistics = model.statistics.map { ($0.path, $0.statistic.value) }
    change(&checkpoint)
    try checkpoint.write(to: path)
    return path
  }

  /// The error of a run that starts from a checkpoint.
  private func error(from weights: String, in scratch: Scratch) -> String? {
    message {
      try TinyExperiment.execute(
        try TinyExperiment.runs(in: scratch, ["training.weights=\(weights)", "stages=[model]"]))
    }
  }

  @Test("training starts from a checkpoint whose names and shapes are those of the model")
  func starts() throws {
    let scratch = Scratch(), path = try weights(in: scratch)
    #expect(error(from: path, in: scratch) == nil)
    let log = try #require(scratch.content.first { $0.hasSuffix("log.txt") })
    #expect(
      try String(contentsOfFile: "\(scratch.path)/\(log)", encoding: .utf8).contains("model: starts from \(path)\n"))
  }

  @Test("a parameter of another shape is refused with both shapes, and nothing is trained")
  func parameterShape() throws {
    let scratch = Scratch()
    var name = "", shape: [Int] = []
    let path = try weights(in: scratch) { checkpoint in
      (name, shape) = (checkpoint.model[0].path, checkpoint.model[0].value.shape)
      checkpoint.model[0].value = Tensor(zeros: [5, 7])
    }
    #expect(error(from: path, in: scratch) == "\(path): '\(name)' has shape [5, 7], not \(shape).")
    #expect(!scratch.content.contains { $0.hasSuffix("checkpoint.h5") })
  }

  @Test("a statistic of another shape is refused with both shapes")
  func statisticShape() throws {
    let scratch = Scratch()
    var name = "", shape: [Int] = []
    let path = try weights(in: scratch) { checkpoint in
      (name, shape) = (checkpoint.statistics[0].path, checkpoint.statistics[0].value.shape)
      checkpoint.statistics[0].value = Tensor(zeros: [3, 1, 9])
    }
    #expect(error(from: path, in: scratch) == "\(path): '\(name)' has shape [3, 1, 9], not \(shape).")
  }

  @Test("a checkpoint without parameters, another file and a missing one are refused in a sentence")
  func refused() throws {
    let scratch = Scratch(), path = try weights(in: scratch) { $0.model = [] }
    #expect(
      error(from: path, in: scratch)
        == "\(path): it holds no parameters to start from; make it with 'overtone import'.")
    let log = MetricsLog("\(scratch.path)/metrics.h5")
    try log.append("train", step: 1, [("loss", 1)])
    #expect(error(from: log.path, in: scratch) == "\(log.path): this is not a checkpoint of Overtone.")
    let cure = "Name a checkpoint that 'overtone import' or 'overtone run' made."
    #expect(error(from: "/dev/zero", in: scratch) == "/dev/zero: this is a device, not a file. \(cure)")
    #expect(error(from: scratch.path, in: scratch) == "\(scratch.path): this is a folder, not a file. \(cure)")
    #expect(error(from: #filePath, in: scratch) == "\(#filePath): this is not a checkpoint of Overtone.")
    #expect(
      error(from: "/nowhere/w.h5", in: scratch)
        == "/nowhere/w.h5: there is no such checkpoint to start from; make it with 'overtone import'.")
  }

  @Test("a moving average of another shape in a stage's own checkpoint is refused, not adopted")
  func averageShape() throws {
    let scratch = Scratch(), runs = try TinyExperiment.runs(in: scratch, ["stages=[model]"])
    try TinyExperiment.execute(runs)
    let model = try Artefacts(of: try opened(runs)).model, path = "\(model.folder)/checkpoint.h5"
    let parameters = try TinyExperiment.assembly().model.parameters
    var checkpoint = try Checkpoint(
      from: path, parameters: parameters.map(\.path),
      statistics: try TinyExperiment.assembly().model.statistics.map(\.path))
    #expect(checkpoint.step == 4 && checkpoint.means.isEmpty && checkpoint.average.count == parameters.count)
    checkpoint.average[0].value = Tensor(zeros: [2, 3])
    try checkpoint.write(to: path)
    // As versions left it that recorded no hash of its content.
    try FileManager.default.removeItem(atPath: "\(model.folder)/artefact.json")
    #expect(
      message { try TinyExperiment.execute(runs) }
        == "\(path): '\(parameters[0].path)' has shape [2, 3], not \(parameters[0].parameter.value.shape).")
  }

  private func opened(_ runs: ExperimentRuns) throws -> Assembly {
    var assembly = try runs.assembly(runs.specs[0])
    try assembly.dataset.open()
    return assembly
  }

  @Test("a stage's folder is a hash of the settings that shape it")
  func artefacts() throws {
    let scratch = Scratch()
    func folder(_ overrides: [String]) throws -> String {
      try Artefacts(of: try opened(try TinyExperiment.runs(in: scratch, overrides))).model.folder
    }
    let usual = try folder([])
    #expect(usual.hasPrefix("\(scratch.path)/results/artefacts/model-"))
    #expect(try folder(["sampling.guidance=3"]) == usual && folder(["training.save-every=1"]) == usual)
    #expect(try folder(["training.steps=5"]) != usual && folder(["seed=5"]) != usual)
  }

  @Test("zero steps use the initial parameters as they are", arguments: ["0", "0.9"])
  func zero(_ ema: String) throws {
    let scratch = Scratch()
    let runs = try TinyExperiment.runs(in: scratch, ["training.steps=0", "training.ema=\(ema)", "stages=[model]"])
    try TinyExperiment.execute(runs)
    var run = try RunFolder(runs.specs[0].folder).open(journal: Journal(quiet: true))
    let initial = run.assembly.model.parameters.map(\.parameter.value)
    try run.load()
    for (a, b) in zip(initial, run.assembly.model.parameters.map(\.parameter.value)) {
      #expect(a.distance(to: b) == 0)
    }
  }

  @Test(
    "a former key of the section is refused with the present one",
    arguments: [
      ("warm-up", "warmup-steps"), ("least-rate", "min-learning-rate"), ("clip", "gradient-clip"), ("average", "ema"),
    ])
  func formerKeys(_ old: String, _ new: String) {
    let error = message { _ = try TinyExperiment.assembly(["training.\(old)=0"]) }
    #expect(error?.contains("'\(old)'") == true && error?.contains("'\(new)'") == true, "\(error ?? "")")
  }

  @Test("the learning rate follows learning-rate, schedule, warmup-steps and min-learning-rate")
  func learningRate() throws {
    let rate = try TinyExperiment.assembly([
      "training.steps=100", "training.learning-rate=0.1", "training.schedule=linear", "training.warmup-steps=10",
      "training.min-learning-rate=0.01",
    ]).training.learningRate
    #expect(abs(rate(5) - 0.05) < 1e-12 && abs(rate(10) - 0.1) < 1e-12 && abs(rate(55) - 0.055) < 1e-12)
    #expect(abs(rate(100) - 0.01) < 1e-12)
    #expect(try TinyExperiment.assembly(["training.schedule=constant"]).training.learningRate.shape == .constant)
  }

  @Test("the warm-up may start above zero, and the rate may stay at its peak before it falls")
  func heldLearningRate() throws {
    let rate = try TinyExperiment.assembly([
      "training.steps=110", "training.learning-rate=0.1", "training.schedule=linear", "training.warmup-steps=10",
      "training.warmup-start-factor=0.5", "training.hold=0.2",
    ]).training.learningRate
    #expect(rate(0) == 0.05 && abs(rate(5) - 0.075) < 1e-12 && rate(30) == 0.1 && abs(rate(70) - 0.05) < 1e-12)
  }

  @Test("weight decay goes to the final one along half a cosine, and stays where none is named")
  func finalWeightDecay() throws {
    let training = try TinyExperiment.assembly([
      "training.steps=100", "training.weight-decay=0.05", "training.final-weight-decay=0.08",
    ]).training
    #expect(training.weightDecay(at: 0) == 0.05 && abs(training.weightDecay(at: 50) - 0.065) < 1e-12)
    #expect(abs(training.weightDecay(at: 100) - 0.08) < 1e-12)
    let constant = try TinyExperiment.assembly(["training.weight-decay=0.05"]).training
    #expect(constant.weightDecay(at: 0) == 0.05 && constant.weightDecay(at: 77) == 0.05)
  }

  @Test("the average warms up unless the settings say that its decay is constant, as MAR's")
  func emaWarmUp() throws {
    for (setting, rate) in [("true", 2.0 / 11), ("false", 0.9999)] {
      let training = try TinyExperiment.assembly(["training.ema=0.9999", "training.ema-warmup=\(setting)"]).training
      #expect(try #require(training.average(of: [])).rate(at: 1) == rate)
    }
    let none = try TinyExperiment.assembly(["training.ema=0", "training.ema-warmup=false"]).training
    #expect(none.average(of: []) == nil)
  }
}
