import Glibc

/// A plot of curves or points over two axes, drawn as pixels or as SVG.
public struct Plot: Sendable {
  /// The scale of an axis.
  public enum Scale: Sendable {
    /// Equal distances for equal differences.
    case linear
    /// Equal distances for equal ratios; numbers that are not positive are left out.
    case log
  }
  /// One curve, or one set of points.
  public struct Series: Sendable {
    /// The name in the legend; empty for none.
    public var name: String
    /// The points in the order in which they are joined.
    public var points: [(x: Double, y: Double)]
    /// True if neighbours are joined by lines; else the points are drawn alone.
    public var isJoined: Bool
    /// A series with a name for the legend.
    public init(_ name: String, _ points: [(x: Double, y: Double)], isJoined: Bool = true) {
      self.name = name
      self.points = points
      self.isJoined = isJoined
    }

    /// True if points are few enough to be marked.
    var hasMarks: Bool { !isJoined || points.count <= 24 }
  }
  /// The heading.
  public var title: String
  /// The label of the horizontal axis.
  public var xLabel: String
  /// The label of the vertical axis.
  public var yLabel: String
  /// Curves, later ones drawn over earlier ones.
  public var series: [Series]
  /// The scale of the horizontal axis.
  public var xScale: Scale
  /// The scale of the vertical axis.
  public var yScale: Scale

  /// A plot of some series.
  public init(
    _ title: String, x: String, y: String, _ series: [Series], xScale: Scale = .linear, yScale: Scale = .linear
  ) {
    self.title = title
    xLabel = x
    yLabel = y
    self.series = series
    self.xScale = xScale
    self.yScale = yScale
  }

  /// The palette of Okabe and Ito (2008), which colour-blind readers can distinguish; then grey and brown.
  static let colours: [SIMD3<UInt8>] = [
    [0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233], [120, 120, 120],
    [139, 90, 43],
  ]

  /// The largest magnitude that is drawn: differences of such numbers do not overflow.
  static let limit = 1e300

  /// The points of a series that are finite, within `limit` and, on a logarithmic axis, positive.
  func drawable(_ series: Series) -> [(x: Double, y: Double)] {
    series.points.filter {
      abs($0.x) <= Self.limit && abs($0.y) <= Self.limit && (xScale == .linear || $0.x > 0)
        && (yScale == .linear || $0.y > 0)
    }
  }

  /// The map from values to [0, 1] along an axis, and the ticks on it.
  struct Ruler {
    /// The ends of the axis, as logarithms to base 10 on a logarithmic one.
    let low: Double, high: Double, scale: Scale
    /// True if all values are integers: no ticks between them.
    private let isWhole: Bool

    /// A ruler that spans `values`; `margin` is the fraction of the axis that stays empty at each end.
    init(_ values: [Double], _ scale: Scale, margin: Double = 0) {
      self.scale = scale
      isWhole = scale == .linear && values.allSatisfy { $0 == $0.rounded() }
      var low = values.min() ?? 0, high = values.max() ?? 1
      if scale == .log { (low, high) = (log10(low > 0 ? low : 0.1), log10(high > 0 ? high : 1)) }
      // Equal numbers get an axis around them, however large they are.
      let magnitude = max(abs(low), abs(high))
      if high - low < 1e-12 * max(1, magnitude) {
        let reach = max(0.5, magnitude * 1e-3)
        (low, high) = (low - reach, high + reach)
      }
      let empty = (high - low) * margin
      (self.low, self.high) = (low - empty, high + empty)
    }

    /// The position of a value along the axis, 0 at its lower end and 1 at its upper.
    func callAsFunction(_ value: Double) -> Double { ((scale == .log ? log10(value) : value) - low) / (high - low) }

    /// Values to mark, about five, and how they are written.
    var ticks: [(value: Double, text: String)] {
      if scale == .log, high - low >= 0.7 {
        // 1, 2 and 5 of each decade while there are few decades, else only 1.
        let leads: [Double] = high - low < 3 ? [1, 2, 5] : [1]
        let decades = Int(low.rounded(.down))...Int(high.rounded(.up))
        return decades.flatMap { decade in leads.map { $0 * pow(10, Double(decade)) } }
          .filter { (low - 1e-9...high + 1e-9).contains(log10($0)) }.map { ($0, Ruler.text($0)) }
      }
      // Steps of 1, 2 or 5 times a power of ten.
      let raw = (high - low) / 5, power = pow(10, floor(log10(raw)))
      let fine = power * (raw / power < 1.5 ? 1 : raw / power < 3.5 ? 2 : raw / power < 7.5 ? 5 : 10)
      let step = isWhole ? max(1, fine) : fine
      return stride(from: (low / step).rounded(.up) * step, through: high + step * 1e-9, by: step).map {
        let value = abs($0) < step * 1e-9 ? 0 : $0
        return scale == .log ? (pow(10, value), Ruler.text(pow(10, value))) : (value, Ruler.text(value))
      }
    }

    /// A number as a tick writes it: integers whole, others with three digits.
    static func text(_ value: Double) -> String {
      if value == value.rounded(), abs(value) < 1e7 { return "\(Int(value))" }
      var buffer = [CChar](repeating: 0, count: 32)
      withVaList([value]) { _ = vsnprintf(&buffer, buffer.count, "%.3g", $0) }
      return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  /// The rulers of both axes.
  func rulers() -> (x: Ruler, y: Ruler) {
    let points = series.flatMap(drawable)
    // Single points stay away from the edge.
    let margin = series.allSatisfy(\.isJoined) ? 0 : 0.05
    return (Ruler(points.map(\.x), xScale, margin: margin), Ruler(points.map(\.y), yScale, margin: margin))
  }

  /// Margins around the axes, in pixels.
  let left = 76.0, right = 20.0, top = 46.0, bottom = 56.0

  /// Draws the plot as pixels.
  public func image(width: Int = 760, height: Int = 460) -> ByteImage {
    var canvas = ByteImage(height: height, width: width, colour: [255, 255, 255])
    let (x, y) = rulers(), w = Double(width) - left - right, h = Double(height) - top - bottom
    func point(_ px: Double, _ py: Double) -> (x: Double, y: Double) { (left + px * w, top + (1 - py) * h) }
    for tick in x.ticks {
      let (px, _) = point(x(tick.value), 0)
      canvas.line(from: (px, top), to: (px, top + h), colour: [225, 225, 225], width: 1)
      canvas.write(tick.text, y: Int(top + h) + 8, x: Int(px) - Font.width(tick.text) / 2, scale: 1)
    }
    for tick in y.ticks {
      let (_, py) = point(0, y(tick.value))
      canvas.line(from: (left, py), to: (left + w, py), colour: [225, 225, 225], width: 1)
      canvas.write(tick.text, y: Int(py) - 3, x: Int(left) - 8 - Font.width(tick.text), scale: 1)
    }
    canvas.line(from: (left, top + h), to: (left + w, top + h), colour: [90, 90, 90], width: 1)
    canvas.line(from: (left, top), to: (left, top + h), colour: [90, 90, 90], width: 1)
    canvas.write(title, y: 12, x: Int(left), scale: 2)
    canvas.write(xLabel, y: height - 24, x: Int(left + w / 2) - Font.width(xLabel), scale: 2)
    canvas.write(yLabel, y: 33, x: 8, scale: 1)
    for (index, series) in series.enumerated() {
      let colour = Self.colours[index % Self.colours.count], points = drawable(series).map { point(x($0.x), y($0.y)) }
      if series.isJoined {
        for (a, b) in zip(points, points.dropFirst()) {
          canvas.line(from: (a.0, a.1), to: (b.0, b.1), colour: colour, width: 2)
        }
      }
      if series.hasMarks { for p in points { canvas.line(from: (p.0, p.1), to: (p.0, p.1), colour: colour, width: 6) } }
    }
    let legend = Legend(of: self, width: width, height: height, letter: Double(Font.advance), line: 14)
    for (index, series) in legend.named {
      let py = legend.y(index)
      canvas.line(
        from: (legend.x, py), to: (legend.x + 20, py), colour: Self.colours[index % Self.colours.count], width: 3)
      canvas.write(series.name, y: Int(py) - 3, x: Int(legend.x) + 26, scale: 1)
    }
    return canvas
  }

  /// Draws the plot as SVG; labels are text elements.
  public func svg(width: Int = 560, height: Int = 360) -> String {
    let (x, y) = rulers(), w = Double(width) - left - right, h = Double(height) - top - bottom
    var parts = [
      SVG.head(width, height), SVG.text(title, x: 8, y: 18, anchor: "start", size: 16),
      SVG.text(xLabel, x: left + w / 2, y: Double(height) - 14, anchor: "middle", size: 14),
      SVG.text(yLabel, x: 8, y: top - 8, anchor: "start", size: 12),
    ]
    for tick in x.ticks {
      let px = left + x(tick.value) * w
      parts += [
        SVG.line(from: (px, top), to: (px, top + h), colour: "#e1e1e1"),
        SVG.text(tick.text, x: px, y: top + h + 18, anchor: "middle", size: 12),
      ]
    }
    for tick in y.ticks {
      let py = top + (1 - y(tick.value)) * h
      parts += [
        SVG.line(from: (left, py), to: (left + w, py), colour: "#e1e1e1"),
        SVG.text(tick.text, x: left - 8, y: py + 4, anchor: "end", size: 12),
      ]
    }
    parts += [
      SVG.line(from: (left, top + h), to: (left + w, top + h), colour: "#5a5a5a"),
      SVG.line(from: (left, top), to: (left, top + h), colour: "#5a5a5a"),
    ]
    let legend = Legend(of: self, width: width, height: height, letter: 6.4, line: 18)
    for (index, series) in series.enumerated() {
      let colour = SVG.colour(Self.colours[index % Self.colours.count])
      let points = drawable(series).map { (left + x($0.x) * w, top + (1 - y($0.y)) * h) }
      if series.isJoined {
        let joined = points.map { "\($0.0),\($0.1)" }.joined(separator: " ")
        parts.append("<polyline points=\"\(joined)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>")
      }
      if series.hasMarks {
        parts += points.map { "<circle cx=\"\($0.0)\" cy=\"\($0.1)\" r=\"3.5\" fill=\"\(colour)\"/>" }
      }
    }
    for (index, series) in legend.named {
      let colour = SVG.colour(Self.colours[index % Self.colours.count]), py = legend.y(index)
      parts += [
        "<line x1=\"\(legend.x)\" y1=\"\(py)\" x2=\"\(legend.x + 20)\" y2=\"\(py)\" "
          + "stroke=\"\(colour)\" stroke-width=\"3\"/>",
        SVG.text(series.name, x: legend.x + 26, y: py + 4, anchor: "start", size: 12),
      ]
    }
    return (parts + ["</svg>"]).joined(separator: "\n") + "\n"
  }
}

extension ByteImage {
  /// Draws an antialiased line between two points, `width` pixels wide, with round ends.
  mutating func line(
    from start: (x: Double, y: Double), to end: (x: Double, y: Double), colour: SIMD3<UInt8>, width: Double
  ) {
    let (x0, y0) = start, (x1, y1) = end
    let reach = width / 2 + 1, dx = x1 - x0, dy = y1 - y0, length = max(1e-9, dx * dx + dy * dy)
    for y in Int(min(y0, y1) - reach)...Int(max(y0, y1) + reach) {
      for x in Int(min(x0, x1) - reach)...Int(max(x0, x1) + reach) {
        // The nearest point of the line lies at the fraction `along` of it.
        let along = min(1, max(0, ((Double(x) - x0) * dx + (Double(y) - y0) * dy) / length))
        let ex = Double(x) - x0 - along * dx, ey = Double(y) - y0 - along * dy
        let cover = width / 2 + 0.5 - (ex * ex + ey * ey).squareRoot()
        if cover > 0 { blend(colour, y: y, x: x, opacity: min(1, cover)) }
      }
    }
  }
}
