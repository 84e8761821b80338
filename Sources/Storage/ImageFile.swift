import Tensors

/// Images in one file, as `data import` writes it and the data set `hdf5` reads it.
///
/// - attributes of the root: Conventions "Overtone-1", file_type "images"
/// - /images [sample, row, column, channel]: uint8, channels red, green, blue
/// - /label [sample]: int64, optional when read
/// - /class_name [class]: text, optional when read
/// - /split [sample]: int64, 0 for images to train on, then 1 for held-out ones, optional when read
/// - /source [sample]: text, the path of each image in the imported folder; never read
public struct ImageFile: Sendable {
  /// Path of the file.
  public let path: String
  /// Number of images, at least 0.
  public let count: Int
  /// Height of every image in pixels.
  public let height: Int
  /// Width of every image in pixels.
  public let width: Int
  /// Class of every image, from 0; all 0 where the file has no labels.
  public let labels: [Int]
  /// Names of the classes, more than the largest label; "class 0" and so on where the file names none.
  public let classNames: [String]
  /// The rows of held-out images; nil where the file says nothing of them.
  public let heldOut: Range<Int>?
  /// Rows that are stored, and perhaps compressed, together.
  public let rowsInChunk: Int
  private let reader: Reader

  /// Reads shape, labels and names, no pixels. Throws `StorageError` for images of another shape or type, for none, and
  /// for labels that are no numbers of classes.
  public init(_ path: String) throws(StorageError) {
    self.path = path
    reader = try Reader(path)
    let shape = try Self.imageShape(reader)
    (count, height, width) = (shape[0], shape[1], shape[2])
    let names = reader.has("class_name") ? try reader.texts("class_name") : nil
    labels = try Self.labels(reader, count: count, classNames: names)
    classNames = names ?? (0...(labels.max() ?? 0)).map { "class \($0)" }
    heldOut = try Self.heldOut(reader, count: count)
    rowsInChunk = try reader.rowsInChunk(of: "images")
  }

  /// Pixels of some images, [rows, height, width, 3].
  public func pixels(_ rows: Range<Int>) throws(StorageError) -> [UInt8] {
    try reader.bytes("images", rows: rows)
  }

  /// The content of a file but for the pixels.
  public struct Header: Sendable {
    /// Height of every image in pixels.
    public var height: Int
    /// Width of every image in pixels.
    public var width: Int
    /// Class of every image [sample]; their number is that of the images.
    public var labels: [Int]
    /// Names of the classes by label [class].
    public var classNames: [String]
    /// Origin of every image [sample], for the record.
    public var sources: [String]
    /// The rows of held-out images, the last ones; nil where there is one set of images only.
    public var heldOut: Range<Int>?

    /// Creates a header; `labels` and `sources` have one entry per image.
    public init(
      height: Int, width: Int, labels: [Int], classNames: [String], sources: [String], heldOut: Range<Int>? = nil
    ) {
      self.height = height
      self.width = width
      self.labels = labels
      self.classNames = classNames
      self.sources = sources
      self.heldOut = heldOut
    }
  }

  /// Writes images one after another as `next` returns them by index: pixels [height, width, 3].
  public static func write(
    to path: String, _ header: Header, next: (Int) throws -> [UInt8]
  ) throws {
    let count = header.labels.count
    try Writer.replacing(path) { file in
      try file.attribute("Conventions", "Overtone-1")
      try file.attribute("file_type", "images")
      let sample = Axis("sample")
      try file.createBytes(
        "images", shape: [count, header.height, header.width, 3],
        axes: [sample, Axis("row"), Axis("column"), channels])
      // Whole chunks are written at once: a chunk written twice is compressed twice.
      var rows: [UInt8] = [], start = 0
      for index in 0..<count {
        rows += try next(index)
        if rows.count >= 1 << 22 || index == count - 1 {
          try file.write(bytes: rows, "images", from: start)
          start = index + 1
          rows.removeAll(keepingCapacity: true)
        }
      }
      try file.sealUnlessChunked("images")
      try file.write(header.labels, "label", axes: [sample])
      try file.write(header.classNames, "class_name", axes: [Axis("class")])
      try file.write(header.sources, "source", axes: [sample])
      if let held = header.heldOut {
        try file.write((0..<count).map { held.contains($0) ? 1 : 0 }, "split", axes: [sample])
      }
    }
  }

  /// The axis of colours that all files of images have.
  static let channels = Axis("channel", .texts(["red", "green", "blue"]))
}

/// Generated images with their labels and seeds.
///
/// - attributes of the root: Conventions "Overtone-1", file_type "samples"
/// - /images [sample, row, column, channel]: uint8; /preview [row, column, channel]: uint8, the first of them, with the
///   attributes of an image of HDF5
/// - /label [sample]: int64; /class_name [class]: text; /seed [sample]: int64
/// - /setting [sample]: text, where images were generated with different settings
/// - /trajectory/NAME: float32, where generation was recorded
public struct SampleFile: Sendable {
  /// Generated images and their labels.
  public struct Images: Sendable {
    /// Bytes [count, height, width, 3].
    public var pixels: [UInt8]
    /// [count, height, width, 3]
    public var shape: [Int]
    /// Class of every image [count].
    public var labels: [Int]
    /// Names of the classes by label.
    public var classNames: [String]

    /// Creates images; the product of `shape` is the number of pixels.
    public init(pixels: [UInt8], shape: [Int], labels: [Int], classNames: [String]) {
      self.pixels = pixels
      self.shape = shape
      self.labels = labels
      self.classNames = classNames
    }
  }

  /// Writes generated images, at least one, with the seed they were drawn with.
  ///
  /// `notes` has one text per image or none; `trajectory` names the axes of each of its tensors.
  public static func write(
    to path: String, _ images: Images, seed: Int, notes: [String] = [],
    trajectory: [(name: String, values: Tensor, axes: [String])] = []
  ) throws {
    try Writer.replacing(path) { file in
      try file.attribute("Conventions", "Overtone-1")
      try file.attribute("file_type", "samples")
      let shape = images.shape
      let sample = Axis("sample"), row = Axis("row"), column = Axis("column")
      try file.write(images.pixels, "images", shape: shape, axes: [sample, row, column, ImageFile.channels])
      try file.write(images.labels, "label", axes: [sample])
      try file.write(images.classNames, "class_name", axes: [Axis("class")])
      try file.write(Array(repeating: seed, count: shape[0]), "seed", axes: [sample])
      if !notes.isEmpty { try file.write(notes, "setting", axes: [sample]) }
      try file.write(
        Array(images.pixels[..<(shape[1] * shape[2] * 3)]), "preview", shape: [shape[1], shape[2], 3],
        axes: [row, column, ImageFile.channels])
      try file.markAsImage("preview")
      for part in trajectory {
        try file.write(part.values, "trajectory/\(part.name)", axes: part.axes.map { Axis($0) })
      }
    }
  }
}
