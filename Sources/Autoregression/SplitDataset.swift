import Settings
import Tensors

/// A part of a data set by its purpose.
public enum Split: String, Setting, CaseIterable, Codable {
  /// The images that networks are trained on.
  case train
  /// The images that no training sees.
  case heldOut = "held-out"
}

/// The images of one split, by index 0, 1, ...
public struct DatasetSplit: Sendable {
  /// The split that these are.
  public let split: Split
  private let source: any ImageDataset
  private let rows: [Range<Int>]
  /// The index of the first image of each range, and their number at the end.
  private let starts: [Int]

  /// The images of some ranges of rows, ascending.
  init(_ split: Split, of source: any ImageDataset, rows: [Range<Int>]) {
    (self.split, self.source, self.rows) = (split, source, rows)
    starts = rows.reduce(into: [0]) { $0.append($0.last! + $1.count) }
  }

  /// The number of images.
  public var count: Int { starts.last ?? 0 }

  /// Returns the row of the source that holds an image.
  public func row(_ index: Int) -> Int {
    var (low, high) = (0, rows.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= index { low = middle } else { high = middle }
    }
    return rows[low].lowerBound + index - starts[low]
  }

  /// True where images are read or decoded at each access.
  public var isStreamed: Bool { source.isStreamed }

  /// The index of the first image of each block of rows that are read together, ascending, and the number of images.
  public var blockStarts: [Int] {
    let together = source.rowsReadTogether
    guard together > 1 else { return Array(0...count) }
    var result: [Int] = [], block = -1
    for (range, start) in zip(rows, starts) {
      for row in range where row == range.lowerBound || row % together == 0 {
        if row / together != block { result.append(start + row - range.lowerBound) }
        block = row / together
      }
    }
    return result + [count]
  }

  /// Returns images by index, each cut as its augmentation says; by default at the centre. Throws where a label is no
  /// number of a class.
  public func batch(_ indices: [Int], augmented: [Augmentation]? = nil) throws(DataError) -> Batch {
    let rows = indices.map(row), augmentations = augmented ?? Array(repeating: .none, count: rows.count)
    let batch = try source.batch(rows, augmented: augmentations), classes = source.classNames.count
    for (row, label) in zip(rows, batch.labels) where !(0..<classes).contains(label) {
      throw DataError(
        "\(type(of: source).key): the label of image \(row) is \(label); the data set has \(classes) classes, from 0 "
          + "to \(classes - 1).")
    }
    return batch
  }
}

/// A data set with its two splits: training never sees what is held out.
///
/// A source that holds out rows itself keeps them. Of any other a fraction is drawn by a seed, so that the split is the
/// same for every model that is trained on it.
public struct SplitDataset: Sendable {
  /// The data set.
  public private(set) var source: any ImageDataset
  /// The fraction of rows that is held out of a source without a split of its own.
  private let fraction: Double
  private let seed: UInt64
  /// The images that networks are trained on; none before the data set is opened, unless it needs no file.
  public private(set) var train: DatasetSplit
  /// The images that no training sees; perhaps none.
  public private(set) var heldOut: DatasetSplit

  /// Reads the settings of the split, beside those of the data set.
  public init(_ source: any ImageDataset, _ settings: inout Settings) throws(SettingsError) {
    fraction = try settings[
      "held-out", default: 0.1, in: 0...0.9,
      about: "fraction of the images that training never sees, of a data set without such images of its own; 0: none"]
    let seed: Int = try settings[
      "split-seed", default: 0, in: 0...Int(Int32.max), about: "random seed of the choice of those images"]
    self.seed = UInt64(seed)
    self.source = source
    train = DatasetSplit(.train, of: source, rows: [])
    heldOut = DatasetSplit(.heldOut, of: source, rows: [])
    split()
  }

  /// Splits the rows that the source has now.
  private mutating func split() {
    let (kept, held) = rows()
    train = DatasetSplit(.train, of: source, rows: kept)
    heldOut = DatasetSplit(.heldOut, of: source, rows: held)
  }

  /// Opens the data, and splits it. Throws where no image is left to train on.
  public mutating func open() throws(DataError) {
    try source.open()
    split()
    guard source.count == 0 || train.count > 0 else {
      throw DataError(
        "\(type(of: source).key): all \(source.count) images are held out, and none is left to train on.")
    }
  }

  /// The rows of both splits as ascending ranges.
  private func rows() -> (train: [Range<Int>], heldOut: [Range<Int>]) {
    let all = 0..<source.count
    if let held = source.heldOutRows {
      return (
        [all.lowerBound..<held.lowerBound, held.upperBound..<all.upperBound].filter { !$0.isEmpty },
        held.isEmpty ? [] : [held]
      )
    }
    let count = Int((Double(all.count) * fraction).rounded())
    guard count > 0 else { return ([all], []) }
    let random = Random(seed: seed)
    // The rows at the head of a permutation.
    let chosen = random.orders(of: all.count, "split")[0].prefix(count).sorted()
    var kept: [Range<Int>] = [], held: [Range<Int>] = [], next = 0
    for row in chosen {
      if row > next { kept.append(next..<row) }
      if held.last?.upperBound == row {
        held[held.count - 1] = held[held.count - 1].lowerBound..<row + 1
      } else {
        held.append(row..<row + 1)
      }
      next = row + 1
    }
    if next < all.count { kept.append(next..<all.count) }
    return (kept, held)
  }

  /// Returns the images of a split; those of training where none are held out.
  public func images(of split: Split) -> DatasetSplit { split == .heldOut && heldOut.count > 0 ? heldOut : train }

  /// The size of every image.
  public var shape: ImageShape { source.shape }
  /// The name of each class, in the order of labels.
  public var classNames: [String] { source.classNames }
  /// The files that it reads.
  public var files: [String] { source.files }
  /// Sentences about what was left out.
  public var notes: [String] { source.notes }
}
