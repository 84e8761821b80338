import Settings
import Tensors

/// Images and their labels.
public struct Batch: Sendable {
  /// [batch, height, width, 3] in [-1, 1]
  public var images: Tensor
  /// [batch]
  public var labels: [Int]

  public init(images: Tensor, labels: [Int]) {
    self.images = images
    self.labels = labels
  }
}

/// Why images could not be had: one sentence with the path and what would work.
public struct DataError: Error, CustomStringConvertible, Sendable {
  public let description: String
  public init(_ description: String) { self.description = description }
}

/// Where images come from.
public protocol ImageDataset: Component, Sendable {
  /// Reads settings only; no file is opened, so that a plan can be made anywhere.
  init(_ settings: inout Settings) throws(SettingsError)
  /// Opens the data: counts, shape and names are known afterwards.
  mutating func open() throws(DataError)
  var shape: ImageShape { get }
  var count: Int { get }
  /// One name per class, in the order of labels.
  var classNames: [String] { get }
  /// Some images by number, flipped where `flipped` says.
  func batch(_ rows: [Int], flipped: [Bool]) throws(DataError) -> Batch
  /// Files it depends on, for the record of inputs.
  var files: [String] { get }
}
