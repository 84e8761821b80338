import Autoregression
import Foundation
import Images
import Laboratory
import ProgramSupport
import Settings
import Tensors
import Testing

/// Images that fail or wait on request.
private struct Source: ImageDataset {
  static let key = "source"
  static let about = About("A source of tests.")
  var bad: Int?
  init(_ settings: inout Settings) {}
  init(bad: Int? = nil) { self.bad = bad }
  mutating func open() {}
  var shape: ImageShape { ImageShape(height: 1, width: 1) }
  var count: Int { 100 }
  var heldOutRows: Range<Int>? { 90..<100 }
  var classNames: [String] { ["a"] }
  var isStreamed: Bool { true }
  var rowsReadTogether: Int { 7 }
  var files: [String] { [] }
  func batch(_ rows: [Int], augmented: [Augmentation]) throws(DataError) -> Batch {
    if let bad, rows.contains(bad) { throw DataError("image \(bad) is bad.") }
    return Batch(
      images: Tensor([rows.count, 1, 1, 3], rows.flatMap { [Float($0), 0, 0] }), labels: rows.map { _ in 0 })
  }
}

private func split(bad: Int? = nil) throws -> DatasetSplit {
  var settings = try Settings(parsing: "{}", file: "a.yaml")
  var dataset = try SplitDataset(Source(bad: bad), &settings)
  try dataset.open()
  return dataset.train
}

@Suite struct BatchLoaderTests {
  private func rows(_ index: Int) -> [Int] { (0..<5).map { index * 5 + $0 } }

  private let augmented = Array(repeating: Augmentation.none, count: 5)

  private func request(_ index: Int) -> BatchLoader.Request {
    BatchLoader.Request(rows: rows(index), augmented: augmented)
  }

  @Test("batches come as they are asked for: foreseen or not, in any number of threads", arguments: [1, 2, 3, 8])
  func order(_ threads: Int) throws {
    let loader = BatchLoader(try split(), threads: threads)
    loader.expect { $0 < 10 ? request($0) : nil }
    for index in [0, 1, 7, 2, 3, 4, 5, 6, 7, 8, 9, 3] {
      let wanted = rows(index), batch = try loader.batch(wanted, augmented: augmented)
      #expect(batch.images.scalars == wanted.flatMap { [Float($0), 0, 0] } && batch.labels.count == 5)
    }
    loader.stop()
  }

  @Test("an image that cannot be read stops the step that needs it, and no earlier one")
  func errors() throws {
    let loader = BatchLoader(try split(bad: 12), threads: 2)
    loader.expect { $0 < 10 ? request($0) : nil }
    for index in 0..<2 { _ = try loader.batch(rows(index), augmented: augmented) }
    let error = #expect(throws: DataError.self) {
      try loader.batch(rows(2), augmented: augmented)
    }
    #expect(error?.description == "image 12 is bad.")
    loader.stop()
    loader.stop()
  }
}

@Suite struct BatchOrderTests {
  @Test("every epoch is a permutation, whatever the window, and another one", arguments: [0, 1, 10, 33, 1000])
  func permutations(_ window: Int) throws {
    let blocks = try split().blockStarts
    #expect(blocks == [0, 7, 14, 21, 28, 35, 42, 49, 56, 63, 70, 77, 84, 90])
    var order = BatchOrder(count: 90, batch: 9, seed: 3, window: window, blockStarts: blocks)
    let epochs = (0..<3).map { epoch in (0..<10).flatMap { order.rows(at: epoch * 10 + $0) } }
    for epoch in epochs { #expect(epoch.sorted() == Array(0..<90)) }
    #expect(Set(epochs).count == 3)
    // Any step alone.
    for step in [29, 4, 17] {
      var other = BatchOrder(count: 90, batch: 9, seed: 3, window: window, blockStarts: blocks)
      #expect(other.rows(at: step) == Array(epochs[step / 10][step % 10 * 9..<step % 10 * 9 + 9]))
    }
  }

  @Test("a window holds few blocks, and without one the order is the one of a whole permutation")
  func windows() throws {
    let blocks = try split().blockStarts
    var order = BatchOrder(count: 90, batch: 10, seed: 3, window: 30, blockStarts: blocks)
    let epoch = (0..<9).flatMap { order.rows(at: $0) }
    for start in stride(from: 0, to: 90, by: 30) {
      let used = Set(epoch[start..<start + 30].map { $0 / 7 })
      #expect(used.count <= 7)
    }
    var whole = BatchOrder(count: 90, batch: 90, seed: 3)
    #expect(whole.rows(at: 1) == Random(seed: 3, step: 1).orders(of: 90, "epoch")[0])
  }
}

@Suite(.serialized) struct StreamedTrainingTests {
  private func images(in scratch: Scratch) throws {
    for index in 0..<24 {
      let folder = "\(scratch.path)/images/\(index % 2)"
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      let pixels = (0..<40 * 36 * 3).map { UInt8(truncatingIfNeeded: $0 &* (index + 1) / 7) }
      try ByteImage(height: 36, width: 40, pixels: pixels).writePNG(to: "\(folder)/\(index).png")
    }
  }

  /// Relative paths, since a checkpoint records its recipe.
  private func arguments(memory: Int, _ more: [String] = []) -> [String] {
    [
      "run", "-q", quickstart, "results=results",
      "dataset={use: image-folder, path: images, size: 32, classes: 2, memory: \(memory)}",
      "training.steps=400", "training.crop=random", "training.resize=[1, 1.25]", "training.flip=true",
      "tokenizer.training.crop=random",
    ] + tiny.filter { !$0.hasPrefix("dataset") && !$0.hasPrefix("training.steps") } + more
  }

  private func checkpoints(_ scratch: Scratch) throws -> [Data] {
    try scratch.content.filter { $0.hasPrefix("results/artefacts") && $0.hasSuffix("checkpoint.h5") }.sorted().map {
      try Data(contentsOf: URL(fileURLWithPath: "\(scratch.path)/\($0)"))
    }
  }

  @Test("streamed and held images train to the same bytes, with one thread or two, stopped in an epoch or not")
  func same() throws {
    let scratches = (0..<4).map { _ in Scratch() }
    for scratch in scratches { try images(in: scratch) }
    #expect(try program(arguments(memory: 100), in: scratches[0].path).status == 0)
    #expect(try program(arguments(memory: 0, ["--threads", "2"]), in: scratches[1].path).status == 0)
    #expect(try program(arguments(memory: 0, ["--threads", "1"]), in: scratches[2].path).status == 0)
    // Stopped once the model has begun, wherever it is then, and gone on with.
    let stopped = try program(
      arguments(memory: 0), in: scratches[3].path,
      stop: (
        [SIGINT], 0.1, { [scratch = scratches[3]] in scratch.content.contains { $0.contains("artefacts/model-") } }
      ))
    #expect(stopped.status == 75, "\(stopped)")
    #expect(try program(arguments(memory: 0), in: scratches[3].path).status == 0)
    let expected = try checkpoints(scratches[0])
    #expect(expected.count == 2)
    for scratch in scratches[1...] { #expect(try checkpoints(scratch) == expected) }
  }

  @Test("the recipe of a data set of many files has one line for all, which a change of any file changes")
  func recipe() throws {
    let scratch = Scratch()
    try images(in: scratch)
    func folders() throws -> [String] {
      let ending = try program(
        ["validate", "--inputs", "--json", quickstart] + arguments(memory: 1).dropFirst(3), in: scratch.path)
      let list = try JSONSerialization.jsonObject(with: Data(ending.output.utf8)) as? [[String: Any]]
      let stages = list?.first?["stages"] as? [String: [String: String]] ?? [:]
      return stages.compactMap { $0.value["folder"] }.sorted()
    }
    let usual = try folders()
    #expect(usual.count == 2)
    try ByteImage(height: 36, width: 40, colour: [1, 2, 3]).writePNG(to: "\(scratch.path)/images/1/13.png")
    let changed = try folders()
    #expect(changed.count == 2 && Set(usual).isDisjoint(with: changed))
  }
}
