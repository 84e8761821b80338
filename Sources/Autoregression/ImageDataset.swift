import Settings
import Tensors

/// Images and their labels.
public struct Batch: Sendable {
  /// RGB images [batch, height, width, 3] in [-1, 1].
  public var images: Tensor
  /// Class labels, [batch].
  public var labels: [Int]

  /// Images with their labels.
  public init(images: Tensor, labels: [Int]) {
    self.images = images
    self.labels = labels
  }
}

/// An error of a data set: one sentence with the path and what would work.
public struct DataError: Error, CustomStringConvertible, Sendable {
  /// The sentence.
  public let description: String
  /// An error with this sentence.
  public init(_ description: String) { self.description = description }
}

/// A source of labelled images.
public protocol ImageDataset: Component, Sendable {
  /// Reads settings only; no file is opened, so that a plan can be made anywhere.
  init(_ settings: inout Settings) throws(SettingsError)
  /// Opens the data and sets counts, shape and names; throws where the files do not fit the settings.
  mutating func open() throws(DataError)
  /// The size of every image.
  var shape: ImageShape { get }
  /// The number of images.
  var count: Int { get }
  /// The name of each class, in the order of labels.
  var classNames: [String] { get }
  /// Returns images by their numbers, mirrored left to right where `flipped` is true.
  func batch(_ rows: [Int], flipped: [Bool]) throws(DataError) -> Batch
  /// The files that it reads, for the record of inputs.
  var files: [String] { get }
  /// Sentences about what was left out when it was opened; none unless a data set says so.
  var notes: [String] { get }
}

extension ImageDataset {
  /// None.
  public var notes: [String] { [] }

  /// Returns images by their numbers, as `batch` does; throws where a label is no number of a class.
  public func checkedBatch(_ rows: [Int], flipped: [Bool]) throws(DataError) -> Batch {
    let batch = try batch(rows, flipped: flipped), classes = classNames.count
    for (row, label) in zip(rows, batch.labels) where !(0..<classes).contains(label) {
      throw DataError(
        "\(Self.key): the label of image \(row) is \(label); the data set has \(classes) classes, from 0 to "
          + "\(classes - 1).")
    }
    return batch
  }
}
