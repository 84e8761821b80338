import Autoregression
import Datasets
import Settings
import Tensors
import Testing

/// A data set of numbers: image i is filled with i, and its label is i modulo 3.
private struct Counted: ImageDataset {
  static let key = "counted"
  static let about = About("Images of one number each, for tests.")
  let shape = ImageShape(height: 1, width: 1)
  let count: Int
  let heldOutRows: Range<Int>?
  let largest: Int

  init(_ settings: inout Settings) throws(SettingsError) {
    count = try settings["count", default: 100, in: 0...1000, about: "images"]
    let ends: [Int] = try settings["held-out-rows", default: [], about: "first and last row that it holds out itself"]
    heldOutRows = ends.count == 2 ? ends[0]..<ends[1] : nil
    largest = try settings["largest", default: 2, in: 0...9, about: "largest label"]
  }

  mutating func open() throws(DataError) {}
  var classNames: [String] { ["a", "b", "c"] }
  var files: [String] { [] }
  func batch(_ rows: [Int], augmented: [Augmentation]) -> Batch {
    Batch(
      images: Tensor([rows.count, 1, 1, 3], rows.flatMap { [Float($0), 0, 0] }), labels: rows.map { $0 % (largest + 1) }
    )
  }
}

struct SplitTests {
  private func opened(_ yaml: String) throws -> SplitDataset {
    var settings = try Settings(parsing: yaml, file: "test"), dataset = try SplitDataset(Counted(&settings), &settings)
    try settings.finish()
    try dataset.open()
    return dataset
  }

  /// The rows of a split as its images tell them.
  private func rows(_ split: DatasetSplit) throws -> [Int] {
    let images = try split.batch(Array(0..<split.count)).images.scalars
    return stride(from: 0, to: images.count, by: 3).map { Int(images[$0]) }
  }

  @Test(
    "every row is in one of both splits, and those held out are the fraction that the settings say",
    arguments: [(0, 0), (1, 0), (4, 0), (5, 1), (10, 1), (100, 10), (997, 100)])
  func partition(_ count: Int, _ held: Int) throws {
    let dataset = try opened("{ count: \(count) }"), train = try rows(dataset.train)
    #expect(dataset.heldOut.count == held && dataset.train.count == count - held)
    #expect((train + (try rows(dataset.heldOut))).sorted() == Array(0..<count) && train == train.sorted())
    for (index, row) in train.enumerated() { #expect(dataset.train.row(index) == row) }
  }

  @Test("the seed of the split chooses the rows, and nothing else does")
  func seeds() throws {
    let rows = try ["{}", "{ split-seed: 0 }", "{ split-seed: 1 }"].map { try self.rows(opened($0).heldOut) }
    #expect(rows[0] == rows[1] && rows[0] != rows[2] && rows[2].count == 10)
    // Spread over the whole, not its end.
    #expect(rows[0][0] < 50 && rows[0][9] >= 50)
  }

  @Test("rows that a source holds out itself are those held out, whatever the fraction")
  func ofTheSource() throws {
    for (ends, kept) in [("[0, 10]", Array(10..<100)), ("[90, 100]", Array(0..<90)), ("[5, 5]", Array(0..<100))] {
      let dataset = try opened("{ held-out-rows: \(ends), held-out: 0.5 }")
      #expect(try rows(dataset.train) == kept)
      #expect(dataset.heldOut.count == 100 - kept.count)
    }
    let middle = try opened("{ held-out-rows: [20, 30] }")
    #expect(try rows(middle.train) == Array(0..<20) + Array(30..<100) && middle.train.row(20) == 30)
  }

  @Test("where nothing is held out, the images of training take the place of those held out, under their own name")
  func none() throws {
    let dataset = try opened("{ held-out: 0 }")
    #expect(dataset.heldOut.count == 0 && dataset.images(of: .heldOut).split == .train)
    #expect(try opened("{}").images(of: .heldOut).split == .heldOut && opened("{}").images(of: .train).split == .train)
  }

  @Test("a data set whose every row is held out, and a label beyond the classes, are refused in a sentence")
  func refusals() throws {
    let error = #expect(throws: DataError.self) { try opened("{ held-out-rows: [0, 100] }") }
    #expect(error?.description == "counted: all 100 images are held out, and none is left to train on.")
    let labels = #expect(throws: DataError.self) { _ = try rows(opened("{ largest: 3 }").train) }
    #expect(labels?.description == "counted: the label of image 3 is 3; the data set has 3 classes, from 0 to 2.")
  }

  @Test("generated shapes hold out as many images as they train on, and no image is in both")
  func shapes() throws {
    var settings = try Settings(parsing: "{ count: 50, size: 16 }", file: "test")
    var dataset = try SplitDataset(Shapes(&settings), &settings)
    try dataset.open()
    #expect(dataset.train.count == 50 && dataset.heldOut.count == 50)
    let train = Set(try (0..<50).map { try dataset.train.batch([$0]).images.scalars })
    for index in 0..<50 { #expect(!train.contains(try dataset.heldOut.batch([index]).images.scalars)) }
  }
}
