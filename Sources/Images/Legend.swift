/// Where the names of a plot's series stand: in the corner that holds the fewest points.
struct Legend {
  /// The left edge of the strokes that show each colour.
  let x: Double
  private let top: Double
  private let line: Double
  /// Series that have a name, with their place among all.
  let named: [(index: Int, series: Plot.Series)]

  /// `letter` and `line`: the width of a letter and the height of a line, in pixels.
  init(of plot: Plot, width: Int, height: Int, letter: Double, line: Double) {
    self.line = line
    named = plot.series.enumerated().filter { $0.element.name != "" }.map { ($0.offset, $0.element) }
    let widest = Double(named.map { $0.series.name.count }.max() ?? 0) * letter + 34
    let tall = line * Double(named.count) + 8, (xRuler, yRuler) = plot.rulers()
    let w = Double(width) - plot.left - plot.right, h = Double(height) - plot.top - plot.bottom
    // A corner is spoilt by what is drawn in it, and lines are drawn between points, too.
    var drawn: [(Double, Double)] = []
    for series in plot.series {
      let points: [(Double, Double)] = plot.drawable(series).map { (xRuler($0.x) * w, (1 - yRuler($0.y)) * h) }
      drawn += points
      guard series.isJoined else { continue }
      for (a, b) in zip(points, points.dropFirst()) {
        for part in 1..<8 {
          let share = Double(part) / 8
          drawn.append((a.0 + (b.0 - a.0) * share, a.1 + (b.1 - a.1) * share))
        }
      }
    }
    let corners: [(Double, Double)] = [(w - widest, 0.0), (8, 0), (w - widest, h - tall), (8, h - tall)]
    func spoilt(_ corner: (Double, Double)) -> Int {
      let across = corner.0...corner.0 + widest, down = corner.1...corner.1 + tall
      return drawn.filter { across.contains($0.0) && down.contains($0.1) }.count
    }
    let best = corners.min { spoilt($0) < spoilt($1) } ?? (8, 0)
    (x, top) = (plot.left + best.0, plot.top + best.1 + 12)
  }

  /// The middle of the line of series number `index`.
  func y(_ index: Int) -> Double { top + line * Double(named.firstIndex { $0.index == index } ?? 0) }
}
