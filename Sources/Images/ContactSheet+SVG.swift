extension ContactSheet {
  /// The sheet as SVG: captions are text elements, images are embedded as PNG.
  public var svg: String {
    guard let first = images.first else { return SVG.head(1, 1) + "</svg>\n" }
    let scale = self.scale ?? max(1, 96 / first.width), gap = 4, margin = 10, letter = 7
    let (cellHeight, cellWidth) = (first.height * scale + gap, first.width * scale + gap)
    let rows = (images.count + columns - 1) / columns
    let left = margin + (rowLabels.map { $0.count * letter }.max().map { $0 + 10 } ?? 0)
    let top = margin + (title == nil ? 0 : 24) + (columnLabels.isEmpty ? 0 : 18)
    let width = max(left + columns * cellWidth + margin, (title?.count ?? 0) * 9 + 2 * margin)
    var parts = [SVG.head(width, top + rows * cellHeight + margin)]
    if let title { parts.append(SVG.text(title, x: Double(margin), y: Double(margin + 14), anchor: "start", size: 16)) }
    for (index, label) in columnLabels.prefix(columns).enumerated() {
      let middle = Double(left + index * cellWidth) + Double(cellWidth - gap) / 2
      let size = min(13, max(7, cellWidth * 17 / (10 * max(1, label.count))))
      parts.append(SVG.text(label, x: middle, y: Double(top - 6), anchor: "middle", size: size))
    }
    for (index, label) in rowLabels.prefix(rows).enumerated() {
      let middle = Double(top + index * cellHeight) + Double(cellHeight - gap) / 2 + 4
      parts.append(SVG.text(label, x: Double(margin), y: middle, anchor: "start", size: 13))
    }
    for (index, image) in images.enumerated() {
      guard let png = image.png else { continue }
      parts.append(
        "<image x=\"\(left + index % columns * cellWidth)\" y=\"\(top + index / columns * cellHeight)\" "
          + "width=\"\(image.width * scale)\" height=\"\(image.height * scale)\" "
          + "style=\"image-rendering:pixelated\" href=\"data:image/png;base64,\(png.base64)\"/>"
      )
    }
    return (parts + ["</svg>"]).joined(separator: "\n") + "\n"
  }
}
