/// Images side by side with captions, for looking at many at once.
public struct ContactSheet: Sendable {
  public var images: [ByteImage]
  public var columns: Int
  /// One per row, at its left.
  public var rowLabels: [String]
  /// One per column, above.
  public var columnLabels: [String]
  public var title: String?
  /// Pixels of one; nil: as many as make an image some 96 wide.
  public var scale: Int?

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

  /// The sheet; one white pixel if there are no images.
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
