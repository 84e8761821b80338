import Files
import Foundation
import Storage
import Tensors
import Testing

/// A folder that is gone after the test.
struct Scratch: ~Copyable {
  let path: String
  init() {
    path = NSTemporaryDirectory() + "overtone-\(UUID().uuidString)"
    try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }
}

private func sample() -> Checkpoint {
  var random = Random(seed: 3), checkpoint = Checkpoint()
  checkpoint.model = [
    ("a.weight", random.normal([1, 64 * 3 * 3 * 16], "a").reshaped([64, 3, 3, 16])),
    ("a.bias", random.normal([1, 64], "a").reshaped([64])),
    ("b", random.normal([1, 16 * 16], "b").reshaped([16, 16])),
  ]
  checkpoint.average = checkpoint.model
  checkpoint.statistics = [("range", Tensor([2, 2], [1, 2, 3, 4]))]
  (checkpoint.step, checkpoint.updates, checkpoint.seed, checkpoint.configuration) = (7, 6, 5, "seed=5\nname=ä\n")
  return checkpoint
}

@Suite struct CheckpointTests {
  @Test("a checkpoint comes back as it was written")
  func roundTrip() throws {
    let folder = Scratch(), path = folder.path + "/checkpoint.h5", ours = sample()
    try ours.write(to: path)
    let back = try Checkpoint(from: path, parameters: ours.model.map(\.path), statistics: ["range"])
    for (a, b) in zip(ours.model + ours.statistics, back.model + back.statistics) {
      #expect(a.path == b.path && a.value.shape == b.value.shape && a.value.scalars == b.value.scalars)
    }
    #expect(back.step == 7 && back.updates == 6 && back.seed == 5 && back.configuration == "seed=5\nname=ä\n")
    #expect(back.means.isEmpty)
  }

  @Test("equal checkpoints are equal byte for byte")
  func bytes() throws {
    let folder = Scratch()
    try sample().write(to: folder.path + "/a.h5")
    try sample().write(to: folder.path + "/b.h5")
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: folder.path + "/a.h5"))
        == Data(contentsOf: URL(fileURLWithPath: folder.path + "/b.h5")))
  }

  @Test("an error while writing leaves the old file and nothing else")
  func atomic() throws {
    struct Interrupted: Error {}
    let folder = Scratch(), path = folder.path + "/checkpoint.h5"
    try sample().write(to: path)
    let before = try Data(contentsOf: URL(fileURLWithPath: path))
    #expect(throws: Interrupted.self) {
      try Writer.replacing(path) { file in
        try file.write([1.0, 2], "x")
        throw Interrupted()
      }
    }
    #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["checkpoint.h5"])
  }

  @Test("what cannot be read is refused in one sentence")
  func messages() throws {
    let folder = Scratch(), path = folder.path + "/x.h5"
    #expect(message { try Reader(path) } == "\(path): there is no such file.")
    #expect(message { try Reader(folder.path) } == "\(folder.path): this is not a file; name an HDF5 file.")
    try Data().write(to: URL(fileURLWithPath: path))
    #expect(message { try Reader(path) } == "\(path): the file is empty.")
    try Data("hello".utf8).write(to: URL(fileURLWithPath: path))
    #expect(message { try Reader(path) } == "\(path): this is not an HDF5 file.")
    try sample().write(to: path)
    let whole = try Data(contentsOf: URL(fileURLWithPath: path))
    try whole[..<(whole.count / 2)].write(to: URL(fileURLWithPath: path))
    #expect(message { try Reader(path) }.hasPrefix("\(path): HDF5 cannot open it: it is cut short"))
    try whole.write(to: URL(fileURLWithPath: path))
    #expect(
      message { try Reader(path).tensor("model/a/weigh") }
        == "\(path): there is no data set 'model/a/weigh'. Did you mean 'model/a/weight'?")
    #expect(message { try Reader(path).tensor("config/yaml") } == "\(path): 'config/yaml' holds text, not numbers.")
  }

  @Test("a checkpoint whose counters are too short is refused with their name", arguments: ["cursor/step", "rng/seed"])
  func foreignCounters(_ short: String) throws {
    let folder = Scratch(), path = folder.path + "/foreign.h5"
    try Writer.replacing(path) { file in
      try file.attribute("file_type", "checkpoint")
      try file.write("seed: 1", "config/yaml")
      try file.write(short == "cursor/step" ? [1] : [1, 1], "cursor/step")
      try file.write(short == "rng/seed" ? [Int]() : [1], "rng/seed")
    }
    let sizes = short == "cursor/step" ? "[1], not [2]" : "[0], not [1]"
    #expect(
      message { try Checkpoint(from: path, parameters: [], statistics: []) }
        == "\(path): '\(short)' has shape \(sizes).")
  }

  @Test("a file of latents whose counters are no whole numbers is no reason to crash")
  func foreignLatents() throws {
    let folder = Scratch(), path = folder.path + "/latents.h5"
    try Writer.replacing(path) { file in
      try file.attribute("file_type", "latents")
      try file.attribute("channels", Double.infinity)
      try file.attribute("written", Double.nan)
      try file.write([1, 2], "codes", shape: [1, 1, 2])
      try file.write([0], "label")
    }
    #expect(try LatentFile(path).form.shape == [1, 2, 1])
    #expect(try Verification(path).findings.contains { $0.contains("there are no latents in it.") })
  }

  @Test("a log grows, is read at any time, and forgets what lies after a step")
  func log() throws {
    let folder = Scratch(), log = MetricsLog(folder.path + "/metrics.h5")
    for step in [10, 20, 30] { try log.append("train", step: step, [("loss", Double(step) / 10)]) }
    #expect(try log.series("train", "loss").map(\.value) == [1, 2, 3])
    try log.rewind("train", to: 20)
    try log.append("train", step: 25, [("loss", 9)])
    #expect(try log.series("train", "loss").map(\.step) == [10, 20, 25])
    #expect(try log.series("train", "other").isEmpty)
  }

  @Test(
    "SHA-256 of known texts",
    arguments: [
      ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
      ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
      (String(repeating: "a", count: 119), "31eba51c313a5c08226adf18d4a359cfdfd8d2e816b13f4af952f7ea6584dcfb"),
    ])
  func hash(_ text: String, _ expected: String) { #expect(SHA256.hex(of: text) == expected) }
}

private func message(_ body: () throws -> some Any) -> String {
  do {
    _ = try body()
    return "no error"
  } catch { return "\(error)" }
}
