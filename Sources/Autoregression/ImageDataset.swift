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

/// A source of labelled images, in rows 0, 1, ... of all its splits.
///
/// `SplitDataset` says which rows are trained on; a source names the rows that it holds out itself, if any.
public protocol ImageDataset: Component, Sendable {
  /// Reads settings only; no file is opened, so that a plan can be made anywhere.
  init(_ settings: inout Settings) throws(SettingsError)
  /// Opens the data and sets counts, shape and names; throws where the files do not fit the settings.
  mutating func open() throws(DataError)
  /// The size of every image.
  var shape: ImageShape { get }
  /// The number of images, held out or not.
  var count: Int { get }
  /// The rows that the source itself holds out, as the folder `val` of ImageNet; nil, the default, where it has one
  /// set of images only.
  var heldOutRows: Range<Int>? { get }
  /// The name of each class, in the order of labels.
  var classNames: [String] { get }
  /// Returns images by their rows, each cut as its augmentation says. Called from several threads at once.
  func batch(_ rows: [Int], augmented: [Augmentation]) throws(DataError) -> Batch
  /// True where images are read or decoded at each access, so that a training reads them ahead of use.
  var isStreamed: Bool { get }
  /// The most bytes of images that it keeps in memory.
  var memoryLimit: Int { get }
  /// Rows that are read at the cost of one, from a multiple of their number on: those of a compressed chunk.
  var rowsReadTogether: Int { get }
  /// The files that it reads, for the record of inputs.
  var files: [String] { get }
  /// Sentences about what was left out when it was opened; none unless a data set says so.
  var notes: [String] { get }
}

extension ImageDataset {
  /// None.
  public var notes: [String] { [] }
  /// False: images are in memory, or made.
  public var isStreamed: Bool { false }
  /// None.
  public var memoryLimit: Int { 0 }
  /// One: rows are read in any order.
  public var rowsReadTogether: Int { 1 }
  /// None: a fraction of the images is drawn.
  public var heldOutRows: Range<Int>? { nil }

  /// Returns images by their rows, cropped at the centre.
  public func batch(_ rows: [Int]) throws(DataError) -> Batch {
    try batch(rows, augmented: Array(repeating: .none, count: rows.count))
  }
}
