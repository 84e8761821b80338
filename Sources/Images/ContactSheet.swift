/// A grid of images with captions.
public struct ContactSheet: Sendable {
  /// The images row by row, all of the size of the first.
  public var images: [ByteImage]
  /// Images per row, at least 1.
  public var columns: Int
  /// One caption per row, at its left.
  public var rowLabels: [String]
  /// One caption per column, above it.
  public var columnLabels: [String]
  /// The heading.
  public var title: String?
  /// The factor by which images are enlarged; nil for the one that makes them about 96 pixels wide.
  public var scale: Int?

  /// A sheet of images in rows of `columns`.
  public init(
    _ images: [ByteImage], columns: Int, rowLabels: [String] = [], columnLabels: [String] = [], title: String? = nil,
    scale: Int? = nil
  ) {
    self.images = images
    self.columns = max(1, columns)
    self.rowLabels = rowLabels
    self.columnLabels = columnLabels
    self.title = title
    self.scale = scale
  }

  /// The sheet as pixels; one white pixel if there are no images.
  public var image: ByteImage {
    guard let first = images.first else { return ByteImage(height: 1, width: 1, colour: [255, 255, 255]) }
    let scale = self.scale ?? max(1, 96 / first.width), gap = 4, margin = 10, letter = 2
    let cellHeight = first.height * scale + gap, cellWidth = first.width * scale + gap
    let rows = (images.count + columns - 1) / columns
    let left = margin + (rowLabels.map { Font.width($0) * letter }.max().map { $0 + 8 } ?? 0)
    let head = margin + (title == nil ? 0 : 9 * letter + 4)
    let top = head + (columnLabels.isEmpty ? 0 : Font.height * letter + 6)
    let width = max(
      left + columns * cellWidth + margin - gap, (title.map { Font.width($0) * letter } ?? 0) + 2 * margin)
    var sheet = ByteImage(height: top + rows * cellHeight + margin - gap, width: width, colour: [255, 255, 255])
    if let title { sheet.write(title, y: margin, x: margin, scale: letter) }
    for (index, label) in columnLabels.prefix(columns).enumerated() {
      let small = Font.width(label) * letter > cellWidth ? 1 : letter
      sheet.write(label, y: top - Font.height * small - 4, x: left + index * cellWidth, scale: small)
    }
    for (index, label) in rowLabels.prefix(rows).enumerated() {
      sheet.write(
        label, y: top + index * cellHeight + (first.height * scale - Font.height * letter) / 2, x: margin, scale: letter
      )
    }
    for (index, image) in images.enumerated() {
      sheet.lay(image.enlarged(scale), y: top + index / columns * cellHeight, x: left + index % columns * cellWidth)
    }
    return sheet
  }
}
