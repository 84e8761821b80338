import Autoregression
import Foundation
import Laboratory
import OvertoneCLI
import ProgramSupport
import Settings
import Storage
import Synchronization
import Tensors
import Testing

/// Noise of a few colours that stumbles: while the file `stumble` holds a number, that many batches are given and then
/// none, as if the disk were gone.
private struct Stumbling: ImageDataset {
  static let key = "stumbling"
  static let about = About("Noise for tests.", example: "stumble: nowhere")

  private final class Calls: Sendable { let count = Mutex(0) }
  private let calls = Calls()
  let stumble: String
  let shape = ImageShape(height: 16, width: 16)
  let count = 32
  let classNames = ["one", "two"]
  let files: [String] = []

  init(_ settings: inout Settings) throws(SettingsError) {
    stumble = try settings[required: "stumble", about: "a file with the number of batches"]
  }

  mutating func open() throws(DataError) {}

  func batch(_ rows: [Int], augmented: [Augmentation]) throws(DataError) -> Batch {
    let number = calls.count.withLock { count in
      count += 1
      return count
    }
    if let limit = (try? String(contentsOfFile: stumble, encoding: .utf8)).flatMap(Int.init), number > limit {
      throw DataError("the disk is gone.")
    }
    var random = Random(seed: 6, samples: rows)
    return Batch(
      images: random.normal([rows.count, 4, 4, 3], "x").resampled(height: 16, width: 16, .bicubic) * 0.5,
      labels: rows.map { $0 % 2 })
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(Stumbling.self) }

@Suite(.serialized) struct DiscriminatorTests {
  @Test(
    "training with a discriminator, averaged codes and revival goes on after a fall as if it had never fallen",
    arguments: ["", ", update: ema, restart-after: 2"])
  func resumption(_ more: String) throws {
    let folder = NSTemporaryDirectory() + "overtone-discriminator-\(UUID().uuidString)", stumble = "\(folder)/stumble"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let file = "\(folder)/discriminator.yaml"
    try """
    dataset: { use: stumbling, stumble: \(stumble) }
    tokenizer: { use: vq, stride: 4, width: 8, norm-groups: 4, codes: 32, code-width: 4\(more),
      adversarial: { weight: 0.5, width: 4, layers: 2, start: 2 },
      training: { steps: 8, batch: 4, save-every: 5 } }
    direction: { use: frequency }
    conditioner: { use: class-prefix, count: 1 }
    backbone: { use: encoder-decoder, width: 16, depth: 2, heads: 2 }
    loss: { use: diffusion, width: 16, depth: 1, steps: 2 }
    training: { steps: 1, batch: 4 }
    sampling: { per-class: 1 }
    evaluation: { count: 0 }
    """.write(toFile: file, atomically: true, encoding: .utf8)
    func run(_ results: String) -> String {
      do {
        var command = try Overtone.parseAsRoot(["run", "--quiet", file, "results=\(folder)/\(results)"])
        try command.run()
        return "done"
      } catch { return "\(error)" }
    }
    #expect(run("whole") == "done")
    try "7".write(toFile: stumble, atomically: true, encoding: .utf8)
    #expect(run("fallen") == "the disk is gone.")
    func checkpoint(_ results: String) throws -> String {
      let artefacts = "\(folder)/\(results)/artefacts"
      let name = try #require(
        try FileManager.default.contentsOfDirectory(atPath: artefacts).first { $0.hasPrefix("tokenizer-") })
      return "\(artefacts)/\(name)/checkpoint.h5"
    }
    let saved = try Reader(try checkpoint("fallen"))
    #expect(try saved.ints("cursor/step") == [5, 5] && saved.ints("cursor/rival") == [3])
    #expect(saved.has("rival/model/convolutions/0/weight") && saved.has("rival/optimizer/convolutions/0/weight/m"))
    try FileManager.default.removeItem(atPath: stumble)
    #expect(run("fallen") == "done")
    #expect(
      try Data(contentsOf: URL(fileURLWithPath: checkpoint("whole")))
        == Data(contentsOf: URL(fileURLWithPath: checkpoint("fallen"))))
    let finished = try Reader(try checkpoint("whole"))
    #expect(!finished.has("rival"))
  }

  @Test("codes of every kind are modelled; only a tokenizer that follows the layout is trained again for another")
  func directions() throws {
    let folder = NSTemporaryDirectory() + "overtone-codes-\(UUID().uuidString)", file = "\(folder)/codes.yaml"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try """
    dataset: { use: stumbling, stumble: \(folder)/never }
    tokenizer: { use: vq, stride: 4, width: 4, norm-groups: 2, training: { steps: 2, batch: 2 } }
    direction: { use: masked, steps: 2 }
    conditioner: { use: class-prefix, count: 1 }
    backbone: { use: decoder, width: 16, depth: 2, heads: 2 }
    loss: { use: cross-entropy }
    training: { steps: 2, batch: 2 }
    sampling: { per-class: 1 }
    evaluation: { count: 0 }
    """.write(toFile: file, atomically: true, encoding: .utf8)
    let tokenizers = [
      ["tokenizer.codes=16"], ["tokenizer.quantizer=fsq", "tokenizer.levels=[3, 3]"],
      ["tokenizer.quantizer=lfq", "tokenizer.bits=4"], ["tokenizer.use=multi-scale-vq", "tokenizer.codes=16"],
    ]
    for (number, tokenizer) in tokenizers.enumerated() {
      let results = "\(folder)/\(number)"
      for direction in ["{ use: masked, steps: 2 }", "{ use: multi-scale }", "{ use: frequency }"] {
        var command = try Overtone.parseAsRoot(
          ["run", "--quiet", file, "results=\(results)", "direction=\(direction)"] + tokenizer)
        try command.run()
      }
      let artefacts = try FileManager.default.contentsOfDirectory(atPath: "\(results)/artefacts")
      #expect(artefacts.filter { $0.hasPrefix("tokenizer-") }.count == (number == 3 ? 3 : 1))
      #expect(artefacts.filter { $0.hasPrefix("model-") }.count == 3)
    }
  }
}
