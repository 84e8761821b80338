import Files
import Foundation
import ProgramSupport
import Storage
import Tensors
import Testing

/// Weights that were edited with a tool that renews the checksums of HDF5.
@Suite struct ContentTests {
  private let scratch = Scratch()
  private var results: String { "\(scratch.path)/r" }
  private var run: String { onlyRun(in: "\(results)/quickstart") }
  private var words: [String] { ["run", "--quiet", quickstart, "results=\(results)"] + tiny }

  private func json(_ path: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any])
  }

  /// Returns the folder of the only artefact of a stage.
  private func folder(of stage: String) throws -> String {
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(results)/artefacts")
    return "\(results)/artefacts/\(try #require(names.first { $0.hasPrefix("\(stage)-") }))"
  }

  /// Changes the first parameter of a checkpoint, and writes it as the program does: every checksum fits.
  private func edit(_ path: String) throws {
    let reader = try Reader(path)
    func leaves(_ group: String) -> [String] {
      reader.names(in: group).flatMap { name in
        reader.isGroup("\(group)/\(name)") ? leaves("\(group)/\(name)") : ["\(group)/\(name)"]
      }
    }
    func paths(_ group: String) -> [String] {
      reader.has(group)
        ? leaves(group).filter { !reader.isScale($0) }.map {
          $0.dropFirst(group.count + 1).replacingOccurrences(of: "/", with: ".")
        } : []
    }
    var checkpoint = try Checkpoint(from: path, parameters: paths("model"), statistics: paths("statistics"))
    func changed(_ tensor: Tensor) -> Tensor { Tensor(tensor.shape, tensor.scalars.map { $0 + 1 }) }
    checkpoint.model[0].value = changed(checkpoint.model[0].value)
    if !checkpoint.average.isEmpty { checkpoint.average[0].value = changed(checkpoint.average[0].value) }
    try checkpoint.write(to: path)
  }

  @Test("A run records the SHA-256 of what it made and used, and its model that of the tokenizer it was trained on")
  func recorded() throws {
    #expect(try program(words).status == 0)
    let hashes = try #require(try json("\(run)/inputs.json")["hashes"] as? [String: String])
    let (tokenizer, latents, model) = try (folder(of: "tokenizer"), folder(of: "latents"), folder(of: "model"))
    let paths = [
      "samples.h5": "\(run)/samples.h5", "results.json": "\(run)/results.json",
      "tokenizer/checkpoint.h5": "\(tokenizer)/checkpoint.h5", "latents/latents.h5": "\(latents)/latents.h5",
      "model/checkpoint.h5": "\(model)/checkpoint.h5",
    ]
    #expect(hashes == paths.compactMapValues { SHA256.hex(ofFile: $0) })
    for user in [latents, model] {
      let sources = try json("\(user)/artefact.json")["sources"] as? [String: String]
      #expect(sources?.count == 1 && sources?["tokenizer"] == hashes["tokenizer/checkpoint.h5"])
    }
    let report = try program(["verify", run])
    #expect(report.status == 0 && report.output.components(separatedBy: "; content as recorded").count == 6)

    // Moved as a whole, it is as sound, and samples.
    let moved = "\(scratch.path)/moved", movedRun = run.replacing(results, with: moved)
    try FileManager.default.moveItem(atPath: results, toPath: moved)
    #expect(try program(["verify", movedRun]).output == report.output.replacing(results, with: moved))
    #expect(try program(["sample", movedRun, "--count", "1"]).status == 0)

    // Runs of older versions have no hashes: that is said, and no damage.
    let older = try json("\(movedRun)/inputs.json").filter { $0.key != "hashes" }
    try JSONSerialization.data(withJSONObject: older).write(
      to: URL(fileURLWithPath: "\(movedRun)/inputs.json"))
    for folder in [tokenizer, latents, model].map({ $0.replacing(results, with: moved) }) {
      try FileManager.default.removeItem(atPath: "\(folder)/artefact.json")
    }
    let old = try program(["verify", movedRun])
    #expect(old.status == 0 && old.output.components(separatedBy: "; no content hash was recorded").count == 4)
    #expect(try program(["sample", movedRun, "--count", "1"]).status == 0)
  }

  @Test("Edited weights are found by verify, and refused by sample, evaluate, figures, and the run of another model")
  func edited() throws {
    #expect(try program(words).status == 0)
    for stage in ["model", "tokenizer"] {
      let path = "\(try folder(of: stage))/checkpoint.h5", whole = try Data(contentsOf: URL(fileURLWithPath: path))
      let hash = try #require(SHA256.hex(ofFile: path))
      try edit(path)
      let report = try program(["verify", run])
      #expect(report.status == 1)
      #expect(
        report.output.contains(
          """
          \(path): its content is not what the run recorded (SHA-256 \(hash)).
            Put that file back. Or remove it, and run the experiment again with --force: this stage is made anew.
          """), "\(report.output)")
      #expect(try program(["verify", path]).output.hasPrefix("\(path): its content is not what the run recorded"))
      let sentence =
        "error: \(path): its content is not what the run recorded (SHA-256 \(hash)); put that file back, or remove it, "
        + "and run the experiment again with --force: this stage is made anew."
      for command in [["sample", run, "--count", "1"], ["evaluate", run], ["figures", run]] {
        #expect(try program(command).sentence == sentence, "\(command)")
      }
      if stage == "tokenizer" {
        // Another experiment with the same tokenizer.
        try scratch.write(try String(contentsOfFile: quickstart, encoding: .utf8), "other.yaml")
        let other = try program(
          ["run", "--quiet", "\(scratch.path)/other.yaml", "results=\(results)"] + tiny + ["backbone.depth=4"])
        #expect(other.status == 1 && other.sentence == sentence)
      }
      try whole.write(to: URL(fileURLWithPath: path))
      #expect(try program(["verify", run]).status == 0)
    }

    // Another tokenizer that is whole by itself is not the one that the model was trained on.
    let (tokenizer, model) = try (folder(of: "tokenizer"), folder(of: "model"))
    let hash = try #require(SHA256.hex(ofFile: "\(tokenizer)/checkpoint.h5"))
    try edit("\(tokenizer)/checkpoint.h5")
    var record = try json("\(tokenizer)/artefact.json")
    record["files"] = ["checkpoint.h5": try #require(SHA256.hex(ofFile: "\(tokenizer)/checkpoint.h5"))]
    try JSONSerialization.data(withJSONObject: record).write(to: URL(fileURLWithPath: "\(tokenizer)/artefact.json"))
    #expect(
      try program(["sample", run, "--count", "1"]).sentence
        == "error: \(tokenizer)/checkpoint.h5: it is not the one that \(model)/checkpoint.h5 was made with (SHA-256 "
        + "\(hash)); put that file back, or remove \(model), and run the experiment again with --force: this stage is "
        + "made anew.")
  }

  @Test("A training that is stopped and goes on, or begins anew without its checkpoint, ends in recorded content")
  func resumed() throws {
    let more = words + ["training.steps=120", "training.save-every=5"]
    let scratch = scratch
    func hasBegun() -> Bool {
      scratch.content.contains { $0.hasPrefix("r/artefacts/model-") && $0.hasSuffix("/checkpoint.h5") }
    }
    let stopped = try program(more, stop: ([SIGTERM], 0, hasBegun))
    #expect(stopped.status == 75)
    let model = try folder(of: "model")
    #expect((try json("\(model)/artefact.json")["files"] as? [String: String])?.isEmpty == true)
    #expect(try program(more).status == 0)
    #expect(try program(["verify", run]).status == 0)
    try FileManager.default.removeItem(atPath: "\(model)/checkpoint.h5")
    #expect(try program(more + ["--force"]).status == 0)
    #expect(try program(["verify", run]).status == 0)
  }

  @Test("Steps of another schedule, which are not continued, are named with the setting that differs")
  func neighbours() throws {
    #expect(try program(words).status == 0)
    let (tokenizer, model) = try (folder(of: "tokenizer"), folder(of: "model"))
    let raised = try program(words.filter { $0 != "--quiet" } + ["training.steps=12"])
    #expect(
      raised.errors.contains(
        "model: 10 steps with another training.steps (10, here 12) are in \(model); they are not continued, since that "
          + "setting shapes every step\n"), "\(raised.errors)")
    #expect(!raised.errors.contains("tokenizer: 3 steps with another"))
    let other = try program(words.filter { $0 != "--quiet" } + ["seed=2"])
    #expect(other.status == 0 && !other.errors.contains("not continued"))
    let both = try program(words.filter { $0 != "--quiet" } + ["tokenizer.training.steps=4", "training.steps=13"])
    #expect(
      both.errors.contains("tokenizer: 3 steps with another tokenizer.training.steps (3, here 4) are in \(tokenizer);"))
    #expect(!both.errors.contains("model: 1"))
  }

  @Test("A folder of images is one input, whose list of hashes finds each file that changed")
  func folders() throws {
    let images = "\(projectFolder)/Tests/ImagesTests/References", data = "\(scratch.path)/p"
    for name in ["a", "b"] {
      try FileManager.default.createDirectory(atPath: "\(data)/\(name)", withIntermediateDirectories: true)
      for number in 0..<4 {
        try FileManager.default.copyItem(atPath: "\(images)/rgb.png", toPath: "\(data)/\(name)/\(number).png")
      }
    }
    let experiment = "\(projectFolder)/Experiments/smoke/sweep.yaml"
    let words = [
      "run", "--quiet", experiment, "results=\(results)", "--variant", "full,filter=dct/1", "evaluation.count=0",
      "dataset={use: image-folder, path: \(data), size: 16, classes: 2}",
    ]
    #expect(try program(words).status == 0)
    let sound = try program(["verify", "\(results)/sweep"])
    #expect(sound.status == 0 && sound.output.contains("\(data): sound (8 files as the run read them)"))
    let lists = scratch.content.filter { $0.hasSuffix(".sha256") }
    #expect(lists.count == 1)
    let list = try String(contentsOfFile: "\(scratch.path)/\(try #require(lists.first))", encoding: .utf8)
    let hash = try #require(SHA256.hex(ofFile: "\(images)/rgb.png"))
    #expect(list == ["a", "b"].flatMap { name in (0..<4).map { "\(hash)  \(name)/\($0).png\n" } }.joined())
    for number in [1, 3] {
      try FileManager.default.removeItem(atPath: "\(data)/b/\(number).png")
      if number == 1 {
        try FileManager.default.copyItem(atPath: "\(images)/grey.png", toPath: "\(data)/b/\(number).png")
      }
    }
    let changed = try program(["verify", "\(results)/sweep"])
    #expect(
      changed.status == 1
        && changed.output.contains(
          "\(data): 2 of its 8 files are not what the run read, the first is \(data)/b/1.png."),
      "\(changed.output)")
  }
}
