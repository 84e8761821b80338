import Autoregression
import Foundation
import Laboratory
import OvertoneCLI
import ProgramSupport
import Settings
import Storage
import Testing

@Suite(.serialized) struct ExperimentTests {
  @Test("every component is constructed by its example")
  func examples() { #expect(Catalogue(Registry.linked()).failures == []) }

  @Test("every experiment file is sound and can be planned")
  func files() throws {
    let folder = "\(projectFolder)/Experiments"
    let files = try FileManager.default.subpathsOfDirectory(atPath: folder).filter {
      $0.hasSuffix(".yaml") && !$0.hasPrefix("parts/") && !$0.hasPrefix("released/")
    }
    #expect(!files.isEmpty)
    for file in files {
      #expect(overtone("validate", "\(folder)/\(file)") == "done", "\(file)")
      #expect(overtone("plan", "\(folder)/\(file)") == "done", "\(file)")
    }
  }

  @Test("no two experiment files have one name, which is that of their folder of results")
  func names() throws {
    let folder = "\(projectFolder)/Experiments"
    var files: [String: String] = [:]
    for file in try FileManager.default.subpathsOfDirectory(atPath: folder)
    where file.hasSuffix(".yaml") && !["parts/", "bench/", "released/"].contains(where: file.hasPrefix) {
      var settings = try #require(try Sweep(file: "\(folder)/\(file)").variants.first).settings
      let chosen: String? = try settings[optional: "name", about: ""]
      let name = chosen ?? URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
      #expect(files[name] == nil, "\(file) and \(files[name] ?? "") are both called \(name)")
      files[name] = file
    }
    #expect(files.count > 50 && files["mar-sizes"] == "papers/mar/sizes.yaml")
  }

  /// A few steps of everything, in a folder of its own.
  private let tiny = [
    "dataset.count=32", "tokenizer.training.steps=3", "tokenizer.training.batch=4", "training.steps=4",
    "training.batch=4",
    "backbone.width=32", "backbone.depth=2", "loss.width=32", "loss.depth=1", "loss.steps=4", "sampling.per-class=2",
    "evaluation.count=8",
  ]

  @Test("a run leaves checkpoints, samples, images and numbers, and the same run again gives the same bytes")
  func whole() throws {
    let folder = NSTemporaryDirectory() + "overtone-run-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for name in ["a", "b"] {
      let arguments =
        ["run", "--quiet", "\(projectFolder)/Experiments/quickstart.yaml", "results=\(folder)/\(name)"] + tiny
      var command = try Overtone.parseAsRoot(arguments)
      try command.run()
    }
    let run = String(onlyRun(in: "\(folder)/a").dropFirst(folder.count + 3))
    for file in [
      "experiment.yaml", "environment.json", "inputs.json", "metrics.h5", "log.txt", "samples.h5", "samples/grid.png",
      "samples/turns.png", "samples/reconstructions.png", "samples/loss-model.png", "samples/loss-model.svg",
    ] {
      #expect(FileManager.default.fileExists(atPath: "\(folder)/a/\(run)/\(file)"), "\(file)")
    }
    #expect(try String(contentsOfFile: "\(folder)/a/\(run)/STATUS", encoding: .utf8).hasPrefix("done\n"))
    for file in ["\(run)/samples.h5", "\(run)/samples/grid.png"] {
      #expect(
        try Data(contentsOf: URL(fileURLWithPath: "\(folder)/a/\(file)"))
          == Data(contentsOf: URL(fileURLWithPath: "\(folder)/b/\(file)")), "\(file)")
    }
    let samples = try Reader("\(folder)/a/\(run)/samples.h5")
    #expect(try samples.shape(of: "images") == [8, 32, 32, 3] && samples.ints("label") == [0, 0, 1, 1, 2, 2, 3, 3])
    #expect(try samples.texts("class_name") == ["circle", "square", "triangle", "ring"])
  }

  @Test("mistakes are reported in one sentence")
  func mistakes() {
    let file = "\(projectFolder)/Experiments/quickstart.yaml"
    #expect(
      overtone("validate", "nothing.yaml")
        == "nothing.yaml: there is no such file; name an experiment file, such as Experiments/quickstart.yaml.")
    #expect(
      overtone("validate", file, "direction.stpes=3").hasPrefix(
        "override: there is no setting 'stpes' in 'direction'; there are "))
    let misspelt = overtone("validate", file, "loss.use=difusion")
    #expect(misspelt.hasPrefix("override: there is no loss 'difusion'; there are cross-entropy, diffusion"))
    #expect(misspelt.hasSuffix(". Did you mean 'diffusion'?"))
    #expect(
      overtone("validate", file, "backbone.heads=5")
        == "override: 128 channels do not divide into 5 heads; let 'heads' divide 'width'.")
    #expect(overtone("validate", file, "training.steps=-1") == "override: 'steps' must be from 0 to 100000000, not -1.")
    #expect(
      overtone("run", "--quiet", file, "results=/proc/nowhere")
        == "/proc/nowhere/quickstart: this folder cannot be made: No such file or directory; choose another with "
        + "results=DIR.")
    #expect(overtone("inspect", "/dev/null") == "/dev/null: this is not a file; name an HDF5 file.")
    #expect(
      overtone("data", "import", "/nowhere", "x.h5")
        == "/nowhere: there is no such folder; name one that holds a folder of images per class.")
  }
}
