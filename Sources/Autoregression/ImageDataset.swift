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
}
