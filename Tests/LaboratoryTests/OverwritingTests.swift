import Autoregression
import Foundation
import Laboratory
import ProgramSupport
import Settings
import Testing

/// The runs of a file on the disk.
private func runs(_ scratch: Scratch, _ name: String = "tiny.yaml", _ overrides: [String] = [], scale: String? = nil)
  throws -> ExperimentRuns
{
  let sweep = try Sweep(file: "\(scratch.path)/\(name)", scale: scale, overrides: overrides)
  let url = URL(fileURLWithPath: name)
  return try ExperimentRuns(
    sweep, experiment: url.deletingPathExtension().lastPathComponent, registry: Registry.linked())
}

private func write(_ scratch: Scratch, _ name: String = "tiny.yaml", _ more: String = "", steps: Int = 4) throws {
  let text = TinyExperiment.text(results: "\(scratch.path)/results", more)
  try scratch.write(
    text.split(separator: "\n").map { $0.hasPrefix("training:") ? "training: { steps: \(steps), batch: 4 }" : "\($0)" }
      .joined(separator: "\n"), name)
}

@Suite struct OverwritingTests {
  @Test("what overrides and scales put over a file has a folder of its own, named by them, where it affects results")
  func folders() throws {
    let scratch = Scratch(), home = "\(scratch.path)/results/tiny"
    try write(scratch, "tiny.yaml", "scales: { same: {}, smoke: { training: { steps: 2 } } }")
    func folder(_ overrides: [String], scale: String? = nil) throws -> String {
      let spec = try runs(scratch, "tiny.yaml", overrides, scale: scale).specs[0]
      return spec.folder.replacingOccurrences(of: "-\(spec.fingerprint.prefix(6))", with: "-#")
        .split(separator: "/").suffix(2).joined(separator: "/")
    }
    // The file alone, another seed, and what affects no result.
    for overrides in [
      [], ["training.steps=4"], ["logging=tensorboard"], ["stages=[model]"], ["training.save-every=2"],
      ["training.cache-latents=false"], ["training={steps: 4, batch: 4}"],
    ] { #expect(try folder(overrides) == "tiny/3", "\(overrides)") }
    #expect(try folder(["seed=5"]) == "tiny/5")
    #expect(try folder([], scale: "same") == "tiny/3")
    #expect(try runs(scratch, "tiny.yaml", ["results=\(scratch.path)/b"]).specs[0].folder == "\(scratch.path)/b/tiny/3")
    for (overrides, name) in [
      (["direction={use: frequency}"], "direction=frequency"), (["training.steps=5"], "steps=5"),
      (["training.steps=5", "seed=5", "training.batch=4"], "steps=5"),
      (["training.steps=5", "training.batch=2"], "batch=2,steps=5"),
      (["training.batch=2", "training.steps=5"], "batch=2,steps=5"),
      (["training.steps=1", "training.steps=5"], "steps=5"),
      (["metrics=[{use: ssim}]"], "metrics=ssim"), (["sampling.guidance={from: 1, to: 2}"], "guidance=from-1-to-2"),
    ] {
      #expect(try folder(overrides).hasPrefix("\(name)-#/"), "\(overrides)")
    }
    #expect(try folder([], scale: "smoke") == "smoke-#/3")
    #expect(try folder(["training.batch=2"], scale: "smoke") == "smoke,batch=2-#/3")
    #expect(try runs(scratch, "tiny.yaml", ["training.steps=5"]).specs[0].folder.hasPrefix(home + "/steps=5-"))
    // A list that is too long for a folder's name is cut, and the hash still distinguishes it.
    let long =
      ["training.steps=5", "training.batch=2", "loss.width=8", "loss.depth=2", "loss.steps=3", "backbone.width=32"]
      + ["training.learning-rate=1e-3", "sampling.per-class=2", "evaluation.count=2", "dataset.count=8"]
    let cut = try runs(scratch, "tiny.yaml", long).specs[0]
    #expect(cut.name.contains(",+") && cut.name.utf8.count < 90, "\(cut.name)")
    #expect(cut.folder != (try runs(scratch, "tiny.yaml", long + ["dataset.count=12"]).specs[0].folder))
  }

  @Test("a finished run of another configuration is refused, with what differs, unless it is to be overwritten")
  func refused() throws {
    let scratch = Scratch(), folder = "\(scratch.path)/results/tiny/3"
    try write(scratch)
    try TinyExperiment.execute(try runs(scratch))
    let before = scratch.content.filter { $0.hasPrefix("results/tiny/") }
    let result = FileManager.default.contents(atPath: "\(folder)/results.json")
    try write(scratch, steps: 6)
    for force in [false, true] {
      #expect(
        message { try TinyExperiment.execute(try runs(scratch), force: force) }
          == "\(folder): it holds a finished run of another configuration (training.steps is 4 there and 6 here); "
          + "repeat with --overwrite to replace it, or keep both with another 'name' or results=DIR.")
    }
    #expect(scratch.content.filter { $0.hasPrefix("results/tiny/") } == before)
    #expect(FileManager.default.contents(atPath: "\(folder)/results.json") == result)
    #expect(try runs(scratch).specs[0].result == nil)
    // What the earlier configuration left is gone afterwards.
    try scratch.write("old", "results/tiny/3/samples/old.png")
    try scratch.write("old", "results/tiny/3/sampled/plain/0000.png")
    try scratch.write("mine", "results/tiny/3/notes.txt")
    var replacing = try runs(scratch)
    replacing.overwrites = true
    try TinyExperiment.execute(replacing)
    #expect(RunRecord(folder).settings["training.steps"] == "6" && RunState(folder).kind == .done)
    let after = scratch.content
    #expect(!after.contains("results/tiny/3/samples/old.png") && !after.contains("results/tiny/3/sampled"))
    #expect(after.contains("results/tiny/3/notes.txt") && after.contains("results/tiny/3/samples/grid.png"))
  }

  @Test(
    "an unfinished run of another configuration is replaced; one of the same resumes; logs and seeds are fine")
  func unfinished() throws {
    let scratch = Scratch(), folder = "\(scratch.path)/results/tiny/3"
    try write(scratch)
    try TinyExperiment.execute(try runs(scratch, "tiny.yaml", ["stages=[tokenizer]"]))
    #expect(RunState(folder).kind == .stopped)
    try write(scratch, steps: 6)
    #expect(try runs(scratch).specs[0].other?.difference == "training.steps is 4 there and 6 here")
    try TinyExperiment.execute(try runs(scratch))
    #expect(RunState(folder).kind == .done && RunRecord(folder).settings["training.steps"] == "6")
    for overrides in [["logging=tensorboard"], ["training.save-every=2"], ["seed=8"]] {
      #expect(message { try TinyExperiment.execute(try runs(scratch, "tiny.yaml", overrides)) } == nil, "\(overrides)")
    }
  }

  @Test("two files of one name cannot share a folder; a key 'name', another folder, a copy and a move are fine")
  func files() throws {
    let scratch = Scratch(), home = "\(scratch.path)/results/tiny"
    try write(scratch, "a/tiny.yaml")
    try write(scratch, "b/tiny.yaml", steps: 5)
    try TinyExperiment.execute(try runs(scratch, "a/tiny.yaml"))
    let path = URL(fileURLWithPath: "\(scratch.path)/a/tiny.yaml").resolvingSymlinksInPath().path
    #expect(
      message { try TinyExperiment.execute(try runs(scratch, "b/tiny.yaml")) }
        == "\(home): it holds runs of \(path), a file of the same name; give this one another by 'name: ...', or "
        + "choose another folder with results=DIR.")
    let named = try runs(scratch, "b/tiny.yaml", ["name=other"])
    #expect(named.experiment == "other" && named.specs[0].folder == "\(scratch.path)/results/other/3")
    try TinyExperiment.execute(named)
    try write(scratch, "c/tiny.yaml")
    #expect(message { try TinyExperiment.execute(try runs(scratch, "c/tiny.yaml")) } == nil)
    for folder in ["a", "c"] { try FileManager.default.removeItem(atPath: "\(scratch.path)/\(folder)") }
    #expect(
      message { try TinyExperiment.execute(try runs(scratch, "b/tiny.yaml")) }?.contains("finished run of another")
        == true)
  }

  @Test("a name is that of a folder, and is not handed down by 'extends'")
  func names() throws {
    let scratch = Scratch()
    for name in ["", ".", "..", "artefacts", "a/b", "../x", "a\nb", String(repeating: "x", count: 201)] {
      try write(scratch, "tiny.yaml", "name: \(name.yaml)")
      #expect(
        message { _ = try runs(scratch) }?.contains(
          "'\(name)' cannot be the name of an experiment, which is that of a folder in 'results' beside 'artefacts'; "
            + "set 'name' to another.") == true, "\(name)")
    }
    try write(scratch, "tiny.yaml", "name: mar-sizes")
    #expect(try runs(scratch).experiment == "mar-sizes")
    try scratch.write("extends: tiny.yaml", "more.yaml")
    #expect(try runs(scratch, "more.yaml").experiment == "more")
  }
}
