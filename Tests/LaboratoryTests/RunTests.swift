import Autoregression
import Foundation
import Laboratory
import ProgramSupport
import Storage
import Tensors
import Testing

@Suite struct RunTests {
  @Test("runs of one experiment lie in a folder per seed; variants have one each, named with a hash")
  func folders() throws {
    let scratch = Scratch(), home = "\(scratch.path)/results/tiny"
    let single = try TinyExperiment.runs(in: scratch)
    #expect(single.folder == home && single.specs.map(\.folder) == ["\(home)/3"] && single.specs[0].title == "seed 3")
    let swept = try TinyExperiment.runs(
      in: scratch, [], "seeds: [1, 2]\nsweep: { variants: { a: { training.steps: 1 }, b: } }")
    #expect(swept.specs.map(\.title) == ["a, seed 1", "a, seed 2", "b, seed 1", "b, seed 2"])
    #expect(swept.specs.allSatisfy { $0.folder == "\(home)/\($0.name)-\($0.fingerprint.prefix(6))/\($0.seed)" })
    #expect(swept.specs[0].fingerprint == swept.specs[1].fingerprint)
    #expect(swept.specs[0].fingerprint != swept.specs[2].fingerprint)
  }

  @Test("results, logging and stages do not change a configuration's fingerprint, settings do")
  func fingerprint() throws {
    let scratch = Scratch(), usual = try TinyExperiment.runs(in: scratch).specs[0].fingerprint
    for override in ["results=elsewhere", "logging=tensorboard", "stages=[model]", "seed=9"] {
      #expect(try TinyExperiment.runs(in: scratch, [override]).specs[0].fingerprint == usual, "\(override)")
    }
    for override in ["training.steps=5", "sampling.guidance=2", "evaluation.count=5"] {
      #expect(try TinyExperiment.runs(in: scratch, [override]).specs[0].fingerprint != usual, "\(override)")
    }
  }

  @Test("runs are chosen by variant, by seed, or by both; a name that fits none is refused with the nearest")
  func named() throws {
    let runs = try TinyExperiment.runs(
      in: Scratch(), [], "seeds: [1, 2]\nsweep: { variants: { full: { training.steps: 1 }, band: } }")
    #expect(try runs.specs(named: []).count == 4)
    #expect(try runs.specs(named: ["band"]).map(\.title) == ["band, seed 1", "band, seed 2"])
    #expect(try runs.specs(named: ["2"]).map(\.title) == ["full, seed 2", "band, seed 2"])
    #expect(try runs.specs(named: ["full/1", "band/2"]).map(\.title) == ["full, seed 1", "band, seed 2"])
    #expect(
      message { _ = try runs.specs(named: ["ful"]) }
        == "no variant is called 'ful'; there are band, full. Did you mean 'full'?")
  }

  @Test("a run trains, samples and evaluates once, and records what it was")
  func whole() throws {
    let scratch = Scratch(), runs = try TinyExperiment.runs(in: scratch), folder = runs.specs[0].folder
    #expect(RunState(folder).kind == .waiting && !runs.specs[0].isDone)
    try TinyExperiment.execute(runs)
    #expect(runs.specs[0].isDone)
    let record = RunRecord(folder)
    #expect(record.state.kind == .done && record.state.fingerprint == runs.specs[0].fingerprint)
    #expect(record.experiment == "tiny" && record.seed == "3" && record.title == "seed 3")
    #expect(record.settings["training.steps"] == "4" && record.result?.measurements.first?.name == "psnr")
    #expect(record.result?.measurements[0].count == 4)
    #expect(record.stages.map(\.name) == ["tokenizer", "model"] && record.inputs.isEmpty)
    #expect(record.curves.contains { $0.stage == "model" && $0.name == "loss" && $0.points.map(\.x) == [4] })
    #expect(record.environment.first?.name == "overtone" && record.command != nil)
    #expect(!record.surroundings.contains { ["command", "begun", "folder"].contains($0.name) })
    #expect(record.origins?["training.steps"] == "tiny.yaml:9:13")
    for name in ["samples.h5", "samples/grid.png", "samples/turns.png", "samples/spectrum.svg", "metrics.h5"] {
      #expect(Folder.exists("\(folder)/\(name)"), "\(name)")
    }
    // Executing again changes no file; `force` repeats the run, and gives the same samples.
    let samples = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/samples.h5"))
    let log = try String(contentsOfFile: "\(folder)/log.txt", encoding: .utf8)
    try TinyExperiment.execute(runs)
    #expect(try String(contentsOfFile: "\(folder)/log.txt", encoding: .utf8) == log)
    try TinyExperiment.execute(runs, force: true)
    #expect(try String(contentsOfFile: "\(folder)/log.txt", encoding: .utf8).contains("model: trained before, 4 steps"))
    #expect(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/samples.h5")) == samples)
  }

  @Test("a run with some stages stops after them, and goes on when more are asked for")
  func stages() throws {
    let scratch = Scratch(), part = try TinyExperiment.runs(in: scratch, ["stages=[model]"])
    try TinyExperiment.execute(part)
    let state = RunState(part.specs[0].folder)
    #expect(state.kind == .stopped && state.detail == "made tokenizer, model, as 'stages' says")
    #expect(!Folder.exists("\(part.specs[0].folder)/samples.h5"))
    try TinyExperiment.execute(try TinyExperiment.runs(in: scratch))
    #expect(RunState(part.specs[0].folder).kind == .done)
  }

  private static let broken = """
    sweep:
      variants:
        lost: { dataset: { use: hdf5, path: /nowhere/gone.h5, size: 16, classes: 4 } }
        sound:
    """

  @Test("a failed run does not stop the others; its reason is recorded, and the command fails in the end")
  func failure() throws {
    let scratch = Scratch(), runs = try TinyExperiment.runs(in: scratch, [], Self.broken)
    let error = message { try TinyExperiment.execute(runs, retries: 1) }
    #expect(
      error?.hasPrefix(
        "1 of 2 runs failed; the same command tries them again:\n  lost, seed 3: failed: /nowhere/gone.h5: ") == true,
      "\(error ?? "")")
    let (lost, sound) = (RunState(runs.specs[0].folder), RunState(runs.specs[1].folder))
    #expect(lost.kind == .failed && lost.detail.contains("gone.h5") && sound.kind == .done)
    let log = try String(contentsOfFile: "\(runs.specs[0].folder)/log.txt", encoding: .utf8)
    #expect(log.contains("lost, seed 3: failed, trying again: ") && log.contains("lost, seed 3: failed: "))
  }

  @Test("the first failure ends the command where that is wanted, and a single run fails with its own error")
  func failFast() throws {
    let scratch = Scratch(), runs = try TinyExperiment.runs(in: scratch, [], Self.broken)
    #expect(
      message { try TinyExperiment.execute(runs, failFast: true) }
        == "lost, seed 3 failed, and --fail-fast leaves the rest.")
    #expect(RunState(runs.specs[1].folder).kind == .waiting)
    let only = try runs.specs(named: ["lost"])
    let error = message {
      try runs.execute(only, journal: Journal(quiet: true), failFast: false, retries: 0, force: false)
    }
    #expect(error?.contains("gone.h5") == true && error?.contains("runs failed") == false)
  }

  @Test("expectations are evaluated on what the runs measured; an unknown variant is refused")
  func expectations() throws {
    let scratch = Scratch(), sweep = "sweep: { variants: { a: { training.steps: 1 }, b: } }"
    let runs = try TinyExperiment.runs(in: scratch, [], sweep + "\nexpect: [\"psnr: a in [0, 1000]\"]")
    #expect(try runs.outcomeLines() == ["psnr: a in [0, 1000]: not measured (no run measured psnr)"])
    try TinyExperiment.execute(runs)
    let outcome = try #require(try runs.outcomes().first)
    #expect(outcome.outcome == .holds && outcome.numbers.hasPrefix("a ") && outcome.numbers.hasSuffix(" (n=1)"))
    let stray = try TinyExperiment.runs(in: scratch, [], sweep + "\nexpect: [\"psnr: a > c\"]")
    #expect(
      message { try TinyExperiment.execute(stray) }?.hasPrefix(
        "tiny.yaml:14:21: 'psnr: a > c' names 'c', which is no variant; there are a, b.") == true)
  }

  /// The first line of the refusal of an entry of `expect`, before anything runs.
  private func refusal(_ expected: String, sweep: Bool = true, _ overrides: [String] = []) throws -> String {
    let more = sweep ? "sweep: { variants: { full: { training.steps: 1 }, band: } }\n" : ""
    let scratch = Scratch()
    let runs = try TinyExperiment.runs(in: scratch, overrides, more + "expect:\n  - \(expected)")
    let text = message { try runs.checkExpectations() } ?? "sound"
    let executed = message { try TinyExperiment.execute(runs) }
    if text != "sound" { #expect(executed == text && scratch.content == []) }
    return String(text.split(separator: "\n").first ?? "")
  }

  @Test("expectations are checked before anything runs: form, variants and metrics, each with its column")
  func checked() throws {
    let form = "is no expectation; write it as \"psnr: full > band\" or \"psnr: full in [20, 25]\"."
    for (text, column) in [
      ("FD < 3", 6), ("psnr: full", 12), ("psnr: full > band < full", 23), ("psnr: full in [3, 1]", 20),
      ("psnr: full > full", 12), ("psnr: full in [1, 2, 3]", 20), (": full > band", 6),
    ] { #expect(try refusal("\"\(text)\"") == "tiny.yaml:15:\(column): '\(text)' \(form)") }
    #expect(
      try refusal("\"psnr: full > bnad\"")
        == "tiny.yaml:15:19: 'psnr: full > bnad' names 'bnad', which is no variant; there are full, band. Did you mean "
        + "'band'?")
    #expect(
      try refusal("'PSN: full > band'")
        == "tiny.yaml:15:6: 'PSN: full > band' names 'PSN', which variant 'full' does not measure; its 'metrics' "
        + "measure psnr, validation-loss. Did you mean 'psnr'?")
    #expect(
      try refusal("\"FD[randconv64-v1]: full < band\"", ["metrics=[]"]) == "sound")
    #expect(
      try refusal("\"psnr: full > band\"", sweep: false)
        == "tiny.yaml:14:12: 'psnr: full > band' names 'full', which is no variant; nothing varies in this experiment.")
    // A plain scalar, escapes, and variants that an override makes equal.
    #expect(try refusal("\"psnr:\\x20full > x\"").hasPrefix("tiny.yaml:15:5: 'psnr: full > x' names 'x'"))
    #expect(try refusal("\"psnr: full > band\"", ["training.steps=2"]) == "sound")
  }

  @Test("variants that differ in more than 'varies' lists are refused before anything runs")
  func variation() throws {
    let sweep = "sweep: { variants: { a: { training.steps: 1 }, b: { training.batch: 5 } } }\n"
    func refusal(_ varies: String) throws -> String? {
      let scratch = Scratch(), runs = try TinyExperiment.runs(in: scratch, [], sweep + varies)
      let text = message { try runs.checkExpectations() }
      if text != nil { #expect(message { try TinyExperiment.execute(runs) } == text && scratch.content == []) }
      return text.map { String($0.prefix { $0 != "\n" }) }
    }
    #expect(try refusal("") == nil)
    #expect(try refusal("varies: [training.steps, training.batch]") == nil)
    #expect(try refusal("varies: training") == nil)
    let advice = "list it in 'varies', or give both variants the same."
    let runs = try TinyExperiment.runs(in: Scratch(), [], sweep),
      usual = runs.specs[0].settings.values["training.batch"]
    #expect(
      try refusal("varies: [training.steps]")
        == "tiny.yaml:14:9: 'training.batch' is \(usual ?? "") in 'a' and 5 in 'b'; \(advice)")
    // A path is not the beginning of another one.
    #expect(try refusal("varies: [training.step, training.batch]")?.hasSuffix(advice) == true)
    #expect(
      message { _ = try TinyExperiment.runs(in: Scratch(), [], sweep + "varies: { training: 1 }") }?.hasPrefix(
        "tiny.yaml:14:9: 'varies' takes paths of settings, such as loss.steps.") == true)
  }

  @Test("a run folder opens with its settings and others put over them, and with its trained networks")
  func folder() throws {
    let scratch = Scratch(), runs = try TinyExperiment.runs(in: scratch), journal = Journal(quiet: true)
    let path = runs.specs[0].folder
    #expect(
      message { _ = try RunFolder(path) }
        == "\(path): this is not the folder of a run, it has no experiment.yaml; name one such as Results/quickstart/1."
    )
    try TinyExperiment.execute(runs)
    var run = try RunFolder(path + "/").open(overrides: ["sampling.batch=2"], journal: journal)
    #expect(run.folder == path && run.assembly.name == "tiny")
    let untrained = try run.sampler.images(of: [0, 1], from: 0, seed: 5)
    try run.load()
    let trained = try run.sampler.images(of: [0, 1], from: 0, seed: 5)
    #expect(untrained.distance(to: trained) > 0)
    let (results, names) = RunFolder.results(above: path)
    #expect(results.hasSuffix("/results") && names == ["tiny", "3"])
    var other = try RunFolder(path).open(overrides: ["training.steps=5"], journal: journal)
    #expect(
      message { try other.load() } == "the model of this experiment is not trained yet; 'overtone run' does that.")
  }

  @Test("records are found below a folder, by an experiment file, or refused in a sentence")
  func sources() throws {
    let scratch = Scratch()
    try scratch.write(TinyExperiment.text(results: "\(scratch.path)/results"), "tiny.yaml")
    let file = try RunSource("\(scratch.path)/tiny.yaml", scale: nil, overrides: ["seed=4"])
    #expect(file.runs?.experiment == "tiny" && file.records.map(\.seed) == ["4"])
    #expect(file.records[0].state.kind == .waiting && file.records[0].result == nil)
    for seed in ["10", "9"] { try scratch.write("done\nconfiguration x\n", "results/tiny/\(seed)/STATUS") }
    let folder = try RunSource("\(scratch.path)/results/", scale: nil)
    #expect(folder.runs == nil && folder.records.map(\.seed) == ["9", "10"])
    #expect(try RunSource("\(scratch.path)/results/tiny/9", scale: nil).records.count == 1)
    try FileManager.default.createDirectory(atPath: "\(scratch.path)/empty", withIntermediateDirectories: true)
    #expect(
      message { _ = try RunSource("\(scratch.path)/empty", scale: nil) }
        == "\(scratch.path)/empty: there is no run in it; name a run such as Results/quickstart/1.")
  }
}

@Suite struct RunStateTests {
  private func state(_ status: String?) throws -> RunState {
    let scratch = Scratch()
    if let status { try scratch.write(status, "STATUS") }
    return RunState(scratch.path)
  }

  @Test("a folder without STATUS, or with another text in it, is a waiting run")
  func waiting() throws {
    #expect(try state(nil).kind == .waiting)
    #expect(try state("").kind == .waiting)
    #expect(try state("perhaps\n").kind == .waiting)
  }

  @Test("a state comes with its detail and its configuration")
  func details() throws {
    let failed = try state("failed: no such file: x\nconfiguration abc\n")
    #expect(failed.kind == .failed && failed.detail == "no such file: x" && failed.fingerprint == "abc")
    #expect(try state("done\nconfiguration abc\n").kind == .done)
    #expect(try state("stopped: made model\n").detail == "made model")
  }

  @Test("a run that says it is running, and holds no lock, was killed: it counts as stopped")
  func killed() throws { #expect(try state("running\nconfiguration abc\n").kind == .stopped) }
}

@Suite struct SamplerTests {
  @Test("images do not depend on how many are made at once, and do on the seed")
  func batches() throws {
    let scratch = Scratch()
    let run = Run(try TinyExperiment.assembly(), folder: scratch.path, journal: Journal(quiet: true))
    let labels = [0, 1, 2, 0, 1]
    let together = try run.sampler.samples(of: labels, seed: 7).images
    #expect(together.count == 5 && together[0].height == 16)
    let whole = try run.sampler.images(of: labels, from: 0, seed: 7)
    #expect(whole.shape == [5, 16, 16, 3])
    let last = try run.sampler.images(of: [1], from: 4, seed: 7)
    #expect(whole.sliced(4..<5, axis: 0).distance(to: last) <= 1e-4)
    #expect(try run.sampler.samples(of: labels, seed: 8).images != together)
  }

  @Test("every turn is watched")
  func watched() throws {
    let run = Run(try TinyExperiment.assembly(), folder: Scratch().path, journal: Journal(quiet: true))
    var steps: [Int] = []
    _ = try run.sampler.images(of: [0], from: 0, seed: 1) { steps.append($0.view.turn.moment.step) }
    #expect(steps == [0, 1])
  }

  @Test("a tokenizer of pixels reconstructs images exactly")
  func reconstructions() throws {
    var assembly = try TinyExperiment.assembly(), random = Random(seed: 1, samples: [0, 1])
    try assembly.dataset.open()
    let images = try assembly.dataset.train.batch([0, 5]).images
    let run = Run(assembly, folder: Scratch().path, journal: Journal(quiet: true))
    #expect(try run.sampler.reconstructions(of: images, &random).scalars == images.scalars)
  }
}
