import Tensors

/// Images in one file: what `data import` writes and the data set `hdf5` reads.
public struct ImageFile: Sendable {
  public let path: String
  public let count: Int
  public let height: Int
  public let width: Int
  public let labels: [Int]
  public let classNames: [String]

  public init(_ path: String) throws(StorageError) {
    self.path = path
    let reader = try Reader(path), shape = try reader.shape(of: "images")
    guard shape.count == 4, shape[3] == 3 else {
      throw .wrongShape(path: path, name: "images", found: shape, wanted: [shape.first ?? 0, 32, 32, 3])
    }
    let kind = try reader.kind(of: "images")
    guard kind == .natural(bits: 8) else {
      throw .wrongKind(path: path, name: "images", found: "\(kind)", wanted: "uint8")
    }
    (count, height, width) = (shape[0], shape[1], shape[2])
    labels = reader.has("label") ? try reader.ints("label") : Array(repeating: 0, count: shape[0])
    guard labels.count == count else {
      throw .wrongShape(path: path, name: "label", found: [labels.count], wanted: [count])
    }
    if let row = labels.firstIndex(where: { !Self.labelRange.contains($0) }) {
      throw .unreadable(
        path: path,
        why:
          "'label' is \(labels[row]) in row \(row); labels are numbers of classes from 0 to \(Self.labelRange.upperBound - 1)."
      )
    }
    let most = labels.max() ?? 0
    let names = reader.has("class_name") ? try reader.texts("class_name") : []
    classNames = names.count > most ? names : (0...max(0, most)).map { "class \($0)" }
  }

  /// Pixels of some images, [rows, height, width, 3].
  public func pixels(_ rows: Range<Int>) throws(StorageError) -> [UInt8] {
    try Reader(path).bytes("images", rows: rows)
  }

  /// Writes images one after another as `next` gives them: pixels [height, width, 3].
  public static func write(
    to path: String, count: Int, height: Int, width: Int, labels: [Int], classNames: [String], sources: [String],
    next: (Int) throws -> [UInt8]
  ) throws {
    try Writer.replacing(path) { file in
      try file.attribute("Conventions", "Overtone-1")
      try file.attribute("file_type", "images")
      let sample = Axis("sample")
      try file.createBytes(
        "images", shape: [count, height, width, 3], axes: [sample, Axis("row"), Axis("column"), channels])
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
      try file.write(labels, "label", axes: [sample])
      try file.write(classNames, "class_name", axes: [Axis("class")])
      try file.write(sources, "source", axes: [sample])
    }
  }

  /// Labels that a file may hold.
  private static let labelRange = 0..<1_000_000

  static let channels = Axis("channel", .texts(["red", "green", "blue"]))
}

/// Generated images with their labels and seeds.
public struct SampleFile {
  /// pixels [count, height, width, 3]; the first image is also stored by itself, as viewers show images.
  public static func write(
    to path: String, pixels: [UInt8], shape: [Int], labels: [Int], classNames: [String], seed: Int,
    notes: [String] = [], trajectory: [(name: String, values: Tensor, axes: [String])] = []
  ) throws {
    try Writer.replacing(path) { file in
      try file.attribute("Conventions", "Overtone-1")
      try file.attribute("file_type", "samples")
      let sample = Axis("sample"), row = Axis("row"), column = Axis("column")
      try file.write(pixels, "images", shape: shape, axes: [sample, row, column, ImageFile.channels])
      try file.write(labels, "label", axes: [sample])
      try file.write(classNames, "class_name", axes: [Axis("class")])
      try file.write(Array(repeating: seed, count: shape[0]), "seed", axes: [sample])
      if !notes.isEmpty { try file.write(notes, "setting", axes: [sample]) }
      try file.write(
        Array(pixels[..<(shape[1] * shape[2] * 3)]), "preview", shape: [shape[1], shape[2], 3],
        axes: [row, column, ImageFile.channels])
      try file.markAsImage("preview")
      for part in trajectory {
        try file.write(part.values, "trajectory/\(part.name)", axes: part.axes.map { Axis($0) })
      }
    }
  }
}
