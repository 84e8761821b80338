import Foundation
import Storage
import Tensors
import Testing

private final class Folder: Sendable {
  let path = NSTemporaryDirectory() + "overtone-verification-\(UUID().uuidString)"
  init() { try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }
}

/// A file of each kind, small and large data sets in it.
private func files(in folder: String) throws -> [String] {
  let pixels = (0..<6 * 32 * 32 * 3).map { UInt8(truncatingIfNeeded: $0 * 7) }
  try SampleFile.write(
    to: "\(folder)/samples.h5",
    .init(pixels: pixels, shape: [6, 32, 32, 3], labels: [0, 1, 0, 1, 0, 1], classNames: ["a", "b"]), seed: 3,
    notes: (0..<6).map { "guidance=\($0)" })
  var checkpoint = Checkpoint()
  checkpoint.model = [
    ("a.weight", Tensor([64, 32], (0..<2048).map { Float($0) * 0.37 })), ("a.bias", Tensor([3], [0.1, 0.2, 0.3])),
  ]
  (checkpoint.average, checkpoint.means, checkpoint.squares) = (checkpoint.model, checkpoint.model, checkpoint.model)
  (checkpoint.step, checkpoint.updates, checkpoint.configuration) = (7, 7, "stage=model\n")
  try checkpoint.write(to: "\(folder)/checkpoint.h5")
  let metrics = MetricsLog("\(folder)/metrics.h5")
  for step in [10, 20, 30] { try metrics.append("train", step: step, [("loss", 1 / Double(step)), ("rate", 0.3)]) }
  try metrics.save()
  let making = try LatentFile.Making(
    "\(folder)/latents.h5", .init(.values, count: 4, shape: [2, 2, 8], isMirroredToo: false))
  try making.append([.numbers(mean: (0..<128).map { Float($0) * 0.71 }, logVariance: [])], labels: [1, 2, 3, 4])
  try making.finish()
  return ["samples", "checkpoint", "metrics", "latents"].map { "\(folder)/\($0).h5" }
}

/// The offsets at which some bytes lie in a file.
private func offsets(of bytes: [UInt8], in data: Data) -> [Int] {
  (0...max(0, data.count - bytes.count)).filter { data[$0..<$0 + bytes.count].elementsEqual(bytes) }
}

@Suite struct VerificationTests {
  @Test("what Overtone writes is sound, and every data set has a check")
  func sound() throws {
    let folder = Folder()
    for path in try files(in: folder.path) {
      let found = try Verification(path)
      #expect(found.findings == [] && found.checked == found.datasets && found.datasets > 3, "\(path)")
    }
  }

  @Test("a changed number is found in data sets in one piece, and in chunks")
  func changed() throws {
    let folder = Folder()
    _ = try files(in: folder.path)
    func flip(_ name: String, _ bytes: [UInt8]) throws -> [String] {
      let path = "\(folder.path)/\(name).h5", whole = try Data(contentsOf: URL(fileURLWithPath: path))
      let offset = try #require(offsets(of: bytes, in: whole).first)
      var broken = whole
      broken[offset + bytes.count - 1] ^= 0x10
      try broken.write(to: URL(fileURLWithPath: path))
      defer { try? whole.write(to: URL(fileURLWithPath: path)) }
      return try Verification(path).findings
    }
    func bytes(_ numbers: some Sequence<Float>) -> [UInt8] { numbers.flatMap { withUnsafeBytes(of: $0) { Array($0) } } }
    #expect(
      try flip("checkpoint", bytes([0.1, 0.2, 0.3])).contains {
        $0.hasPrefix("'/model/a/bias' is not what was written; bytes of it changed.")
          || $0.hasSuffix("/bias' is not what was written; bytes of it changed.")
      })
    #expect(
      try flip("latents", bytes([Float(5) * 0.71, Float(6) * 0.71])) == [
        "'/mean' is not what was written; bytes of it changed."
      ])
    #expect(
      try flip("samples", Array("guidance=4".utf8)) == ["'/setting' is not what was written; bytes of it changed."])
    let tenth = withUnsafeBytes(of: 1 / Double(20)) { Array($0) }
    #expect(
      try flip("metrics", tenth) == ["'/train/loss' cannot be read; bytes of it changed or are missing."])
  }

  @Test("a file cut short anywhere is refused in a sentence")
  func cut() throws {
    let folder = Folder()
    for path in try files(in: folder.path) {
      let whole = try Data(contentsOf: URL(fileURLWithPath: path))
      for part in [0.02, 0.5, 0.9] {
        try whole.prefix(Int(Double(whole.count) * part)).write(to: URL(fileURLWithPath: path))
        #expect(throws: StorageError.self) { try Verification(path) }
      }
    }
  }

  @Test(
    "what does not fit is reported: moments without parameters, numbers that are not finite, steps that go back"
  )
  func unfitting() throws {
    let folder = Folder(), path = "\(folder.path)/checkpoint.h5"
    var checkpoint = Checkpoint()
    checkpoint.model = [("a", Tensor([2], [1, .nan])), ("b", Tensor([2], [1, 2]))]
    checkpoint.average = [("a", Tensor([3], [1, 2, 3]))]
    try checkpoint.write(to: path)
    let found = try Verification(path).findings
    #expect(found.contains("'/model/a' holds numbers that are not finite."))
    #expect(found.contains("'/model/b' has no counterpart '/ema/b'."))
    #expect(found.contains("'/ema/a' has shape [3], and '/model/a' [2]."))
    let metrics = MetricsLog("\(folder.path)/metrics.h5")
    for step in [10, 5] { try metrics.append("train", step: step, [("loss", 1)]) }
    try metrics.save()
    #expect(try Verification(metrics.path).findings == ["the steps of '/train/loss' go back."])
  }
}
