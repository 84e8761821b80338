/// Numbers side by side as bars from zero, with their spread where it is known, as PNG and as SVG.
public struct BarPlot: Sendable {
  public struct Bar: Sendable {
    public var name: String
    public var value: Double
    /// How far the whisker reaches up and down; nil: none.
    public var spread: Double?

    public init(_ name: String, _ value: Double, spread: Double? = nil) {
      self.name = name
      self.value = value
      self.spread = spread
    }
  }
  public var title: String
  public var yLabel: String
  public var bars: [Bar]

  public init(_ title: String, y: String, _ bars: [Bar]) {
    self.title = title
    yLabel = y
    self.bars = bars
  }

  /// Bars that can be drawn; what is not a number has its place, but no bar.
  private func isDrawable(_ bar: Bar) -> Bool { bar.value.isFinite && bar.spread?.isFinite != false }

  private let left = 76.0, right = 20.0, top = 46.0, bottom = 40.0

  /// Where things are: the ruler, and for each bar its left edge, width and the heights of value, zero and whisker.
  private func layout(_ width: Int, _ height: Int) -> (
    ruler: Plot.Ruler, y: (Double) -> Double, slots: [(centre: Double, half: Double)]
  ) {
    let known = bars.filter(isDrawable), w = Double(width) - left - right, h = Double(height) - top - bottom
    let ends = known.flatMap { [$0.value + ($0.spread ?? 0), $0.value - ($0.spread ?? 0)] }
    let ruler = Plot.Ruler(ends + [0], .linear)
    let share = w / Double(max(1, bars.count))
    let slots = bars.indices.map { (centre: left + (Double($0) + 0.5) * share, half: min(60, share * 0.35)) }
    return (ruler, { top + (1 - ruler($0)) * h }, slots)
  }

  /// The plot as pixels.
  public func image(width: Int = 760, height: Int = 460) -> ByteImage {
    var canvas = ByteImage(height: height, width: width, colour: [255, 255, 255])
    let (ruler, y, slots) = layout(width, height), end = Double(width) - right
    for tick in ruler.ticks {
      canvas.line(left, y(tick.value), end, y(tick.value), [225, 225, 225], 1)
      canvas.write(tick.text, y: Int(y(tick.value)) - 3, x: Int(left) - 8 - Font.width(tick.text), scale: 1)
    }
    for (index, (bar, slot)) in zip(bars, slots).enumerated() {
      if isDrawable(bar) {
        let colour = Plot.colours[index % Plot.colours.count]
        let ends = [y(0), y(bar.value)].sorted()
        for row in Int(ends[0].rounded())..<max(Int(ends[0].rounded()), Int(ends[1].rounded())) {
          for column in Int(slot.centre - slot.half)..<Int(slot.centre + slot.half) {
            canvas.dot(row, column, colour, 1)
          }
        }
        if let spread = bar.spread {
          let (low, high) = (y(bar.value - spread), y(bar.value + spread))
          canvas.line(slot.centre, low, slot.centre, high, [40, 40, 40], 2)
          for edge in [low, high] { canvas.line(slot.centre - 6, edge, slot.centre + 6, edge, [40, 40, 40], 2) }
        }
      }
      // Large where the name has room.
      let scale = Double(2 * Font.width(bar.name)) < 2.6 * slot.half ? 2 : 1
      canvas.write(
        bar.name, y: height - Int(bottom) + 10, x: Int(slot.centre) - scale * Font.width(bar.name) / 2, scale: scale)
    }
    canvas.line(left, y(0), end, y(0), [90, 90, 90], 1)
    canvas.line(left, top, left, Double(height) - bottom, [90, 90, 90], 1)
    canvas.write(title, y: 10, x: Int(left), scale: 2)
    canvas.write(yLabel, y: 33, x: 8, scale: 1)
    return canvas
  }

  /// The plot as SVG, with real text.
  public func svg(width: Int = 560, height: Int = 360) -> String {
    let (ruler, y, slots) = layout(width, height), end = Double(width) - right
    var parts = [
      SVG.head(width, height), SVG.text(title, 8, 18, "start", 16), SVG.text(yLabel, 8, top - 8, "start", 12),
    ]
    for tick in ruler.ticks {
      parts += [
        SVG.line(left, y(tick.value), end, y(tick.value), "#e1e1e1"),
        SVG.text(tick.text, left - 8, y(tick.value) + 4, "end", 12),
      ]
    }
    for (index, (bar, slot)) in zip(bars, slots).enumerated() {
      if isDrawable(bar) {
        let ends = [y(0), y(bar.value)].sorted(), colour = SVG.colour(Plot.colours[index % Plot.colours.count])
        parts.append(
          "<rect x=\"\(slot.centre - slot.half)\" y=\"\(ends[0])\" width=\"\(2 * slot.half)\" height=\"\(ends[1] - ends[0])\" fill=\"\(colour)\"/>"
        )
        if let spread = bar.spread {
          let (low, high) = (y(bar.value - spread), y(bar.value + spread))
          parts.append(SVG.line(slot.centre, low, slot.centre, high, "#282828"))
          parts += [low, high].map { SVG.line(slot.centre - 6, $0, slot.centre + 6, $0, "#282828") }
        }
      }
      parts.append(SVG.text(bar.name, slot.centre, Double(height) - bottom + 20, "middle", 12))
    }
    parts += [
      SVG.line(left, y(0), end, y(0), "#5a5a5a"), SVG.line(left, top, left, Double(height) - bottom, "#5a5a5a"),
    ]
    return (parts + ["</svg>"]).joined(separator: "\n") + "\n"
  }
}
