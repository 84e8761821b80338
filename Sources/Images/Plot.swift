import Glibc

/// Curves over two axes, as PNG and as SVG.
public struct Plot: Sendable {
  public enum Scale: Sendable { case linear, log }
  public struct Series: Sendable {
    public var name: String
    public var points: [(x: Double, y: Double)]
    /// Whether neighbours are joined; else each point stands by itself.
    public var isJoined: Bool
    public init(_ name: String, _ points: [(x: Double, y: Double)], isJoined: Bool = true) {
      self.name = name
      self.points = points
      self.isJoined = isJoined
    }

    /// Few enough to show where each is.
    var hasMarks: Bool { !isJoined || points.count <= 24 }
  }
  public var title: String
  public var xLabel: String
  public var yLabel: String
  public var series: [Series]
  public var xScale: Scale
  public var yScale: Scale

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

  /// Okabe and Ito's palette, told apart by colour-blind readers, too.
  static let colours: [SIMD3<UInt8>] = [
    [0, 114, 178], [213, 94, 0], [0, 158, 115], [204, 121, 167], [230, 159, 0], [86, 180, 233], [120, 120, 120],
    [139, 90, 43],
  ]

  /// Points that can be drawn: finite and, on a logarithmic axis, positive.
  func drawable(_ series: Series) -> [(x: Double, y: Double)] {
    series.points.filter {
      $0.x.isFinite && $0.y.isFinite && (xScale == .linear || $0.x > 0) && (yScale == .linear || $0.y > 0)
    }
  }

  /// From a value to 0...1 along an axis, and the ticks on it.
  struct Ruler {
    let low: Double, high: Double, scale: Scale
    /// Between whole numbers there is nothing to mark.
    private let isWhole: Bool

    /// `margin`: the share of the axis that stays empty at each end.
    init(_ values: [Double], _ scale: Scale, margin: Double = 0) {
      self.scale = scale
      isWhole = scale == .linear && values.allSatisfy { $0 == $0.rounded() }
      var low = values.min() ?? 0, high = values.max() ?? 1
      if scale == .log { (low, high) = (log10(low > 0 ? low : 0.1), log10(high > 0 ? high : 1)) }
      if high - low < 1e-12 { (low, high) = (low - 0.5, high + 0.5) }
      let empty = (high - low) * margin
      (self.low, self.high) = (low - empty, high + empty)
    }

    func callAsFunction(_ value: Double) -> Double { ((scale == .log ? log10(value) : value) - low) / (high - low) }

    var ticks: [(value: Double, text: String)] {
      if scale == .log, high - low >= 0.7 {
        // 1, 2 and 5 of each decade while there are few decades, else only 1.
        let leads: [Double] = high - low < 3 ? [1, 2, 5] : [1]
        let decades = Int(low.rounded(.down))...Int(high.rounded(.up))
        return decades.flatMap { decade in leads.map { $0 * pow(10, Double(decade)) } }
          .filter { (low - 1e-9...high + 1e-9).contains(log10($0)) }.map { ($0, Ruler.text($0)) }
      }
      let raw = (high - low) / 5, power = pow(10, floor(log10(raw)))
      let fine = power * (raw / power < 1.5 ? 1 : raw / power < 3.5 ? 2 : raw / power < 7.5 ? 5 : 10)
      let step = isWhole ? max(1, fine) : fine
      return stride(from: (low / step).rounded(.up) * step, through: high + step * 1e-9, by: step).map {
        let value = abs($0) < step * 1e-9 ? 0 : $0
        return scale == .log ? (pow(10, value), Ruler.text(pow(10, value))) : (value, Ruler.text(value))
      }
    }

    static func text(_ value: Double) -> String {
      if value == value.rounded(), abs(value) < 1e7 { return "\(Int(value))" }
      var buffer = [CChar](repeating: 0, count: 32)
      withVaList([value]) { _ = vsnprintf(&buffer, buffer.count, "%.3g", $0) }
      return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  func rulers() -> (x: Ruler, y: Ruler) {
    let points = series.flatMap(drawable)
    // A point by itself is seen best away from the edge.
    let margin = series.allSatisfy(\.isJoined) ? 0 : 0.05
    return (Ruler(points.map(\.x), xScale, margin: margin), Ruler(points.map(\.y), yScale, margin: margin))
  }

  let left = 76.0, right = 20.0, top = 46.0, bottom = 56.0

  /// The plot as pixels.
  public func image(width: Int = 760, height: Int = 460) -> ByteImage {
    var canvas = ByteImage(height: height, width: width, colour: [255, 255, 255])
    let (x, y) = rulers(), w = Double(width) - left - right, h = Double(height) - top - bottom
    func place(_ px: Double, _ py: Double) -> (Double, Double) { (left + px * w, top + (1 - py) * h) }
    for tick in x.ticks {
      let (px, _) = place(x(tick.value), 0)
      canvas.line(px, top, px, top + h, [225, 225, 225], 1)
      canvas.write(tick.text, y: Int(top + h) + 8, x: Int(px) - Font.width(tick.text) / 2, scale: 1)
    }
    for tick in y.ticks {
      let (_, py) = place(0, y(tick.value))
      canvas.line(left, py, left + w, py, [225, 225, 225], 1)
      canvas.write(tick.text, y: Int(py) - 3, x: Int(left) - 8 - Font.width(tick.text), scale: 1)
    }
    canvas.line(left, top + h, left + w, top + h, [90, 90, 90], 1)
    canvas.line(left, top, left, top + h, [90, 90, 90], 1)
    canvas.write(title, y: 12, x: Int(left), scale: 2)
    canvas.write(xLabel, y: height - 24, x: Int(left + w / 2) - Font.width(xLabel), scale: 2)
    canvas.write(yLabel, y: 33, x: 8, scale: 1)
    for (index, series) in series.enumerated() {
      let colour = Self.colours[index % Self.colours.count], points = drawable(series).map { place(x($0.x), y($0.y)) }
      if series.isJoined {
        for (a, b) in zip(points, points.dropFirst()) { canvas.line(a.0, a.1, b.0, b.1, colour, 2) }
      }
      if series.hasMarks { for p in points { canvas.line(p.0, p.1, p.0, p.1, colour, 6) } }
    }
    let legend = Legend(of: self, width: width, height: height, letter: Double(Font.advance), line: 14)
    for (index, series) in legend.named {
      let py = legend.y(index)
      canvas.line(legend.x, py, legend.x + 20, py, Self.colours[index % Self.colours.count], 3)
      canvas.write(series.name, y: Int(py) - 3, x: Int(legend.x) + 26, scale: 1)
    }
    return canvas
  }

  /// The plot as SVG, with real text.
  public func svg(width: Int = 560, height: Int = 360) -> String {
    let (x, y) = rulers(), w = Double(width) - left - right, h = Double(height) - top - bottom
    let text = SVG.text, line = SVG.line
    var parts = [
      SVG.head(width, height), text(title, 8, 18, "start", 16),
      text(xLabel, left + w / 2, Double(height) - 14, "middle", 14), text(yLabel, 8, top - 8, "start", 12),
    ]
    for tick in x.ticks {
      let px = left + x(tick.value) * w
      parts += [line(px, top, px, top + h, "#e1e1e1"), text(tick.text, px, top + h + 18, "middle", 12)]
    }
    for tick in y.ticks {
      let py = top + (1 - y(tick.value)) * h
      parts += [line(left, py, left + w, py, "#e1e1e1"), text(tick.text, left - 8, py + 4, "end", 12)]
    }
    parts += [line(left, top + h, left + w, top + h, "#5a5a5a"), line(left, top, left, top + h, "#5a5a5a")]
    let legend = Legend(of: self, width: width, height: height, letter: 6.4, line: 18)
    for (index, series) in series.enumerated() {
      let colour = SVG.colour(Self.colours[index % Self.colours.count])
      let places = drawable(series).map { (left + x($0.x) * w, top + (1 - y($0.y)) * h) }
      if series.isJoined {
        let points = places.map { "\($0.0),\($0.1)" }.joined(separator: " ")
        parts.append("<polyline points=\"\(points)\" fill=\"none\" stroke=\"\(colour)\" stroke-width=\"2\"/>")
      }
      if series.hasMarks {
        parts += places.map { "<circle cx=\"\($0.0)\" cy=\"\($0.1)\" r=\"3.5\" fill=\"\(colour)\"/>" }
      }
    }
    for (index, series) in legend.named {
      let colour = SVG.colour(Self.colours[index % Self.colours.count]), py = legend.y(index)
      parts += [
        "<line x1=\"\(legend.x)\" y1=\"\(py)\" x2=\"\(legend.x + 20)\" y2=\"\(py)\" stroke=\"\(colour)\" stroke-width=\"3\"/>",
        text(series.name, legend.x + 26, py + 4, "start", 12),
      ]
    }
    return (parts + ["</svg>"]).joined(separator: "\n") + "\n"
  }
}

extension ByteImage {
  /// A line with soft edges between two points, `width` pixels thick.
  mutating func line(_ x0: Double, _ y0: Double, _ x1: Double, _ y1: Double, _ colour: SIMD3<UInt8>, _ width: Double) {
    let reach = width / 2 + 1, dx = x1 - x0, dy = y1 - y0, length = max(1e-9, dx * dx + dy * dy)
    for y in Int(min(y0, y1) - reach)...Int(max(y0, y1) + reach) {
      for x in Int(min(x0, x1) - reach)...Int(max(x0, x1) + reach) {
        let along = min(1, max(0, ((Double(x) - x0) * dx + (Double(y) - y0) * dy) / length))
        let ex = Double(x) - x0 - along * dx, ey = Double(y) - y0 - along * dy
        let cover = width / 2 + 0.5 - (ex * ex + ey * ey).squareRoot()
        if cover > 0 { dot(y, x, colour, min(1, cover)) }
      }
    }
  }
}
