/// The layout of a plot's legend, in the corner that covers the fewest points.
struct Legend {
  /// The left edge of the line samples, in pixels.
  let x: Double
  /// The centre of the first line, and the height of a line, in pixels.
  private let top: Double, line: Double
  /// Series that have a name, with their index among all.
  let named: [(index: Int, series: Plot.Series)]

  /// A legend in a plot of a size; `letter` is the width of a letter and `line` the height of a line, in pixels.
  init(of plot: Plot, width: Int, height: Int, letter: Double, line: Double) {
    self.line = line
    named = plot.series.enumerated().filter { $0.element.name != "" }.map { ($0.offset, $0.element) }
    let widest = Double(named.map { $0.series.name.count }.max() ?? 0) * letter + 34
    let tall = line * Double(named.count) + 8, (xRuler, yRuler) = plot.rulers()
    let w = Double(width) - plot.left - plot.right, h = Double(height) - plot.top - plot.bottom
    // Points that the legend should not cover; on joined lines also seven between neighbours.
    var drawn: [(Double, Double)] = []
    for series in plot.series {
      let points: [(Double, Double)] = plot.drawable(series).map { (xRuler($0.x) * w, (1 - yRuler($0.y)) * h) }
      drawn += points
      guard series.isJoined else { continue }
      for (a, b) in zip(points, points.dropFirst()) {
        for part in 1..<8 {
          let fraction = Double(part) / 8
          drawn.append((a.0 + (b.0 - a.0) * fraction, a.1 + (b.1 - a.1) * fraction))
        }
      }
    }
    let corners: [(Double, Double)] = [(w - widest, 0.0), (8, 0), (w - widest, h - tall), (8, h - tall)]
    func covered(_ corner: (Double, Double)) -> Int {
      let columns = corner.0...corner.0 + widest, rows = corner.1...corner.1 + tall
      return drawn.filter { columns.contains($0.0) && rows.contains($0.1) }.count
    }
    let best = corners.min { covered($0) < covered($1) } ?? (8, 0)
    (x, top) = (plot.left + best.0, plot.top + best.1 + 12)
  }

  /// The centre of the line of series number `index`, in pixels.
  func y(_ index: Int) -> Double { top + line * Double(named.firstIndex { $0.index == index } ?? 0) }
}
