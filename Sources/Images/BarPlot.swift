/// A bar plot with optional error bars, drawn as pixels or as SVG.
public struct BarPlot: Sendable {
  /// One bar, from zero to its value.
  public struct Bar: Sendable {
    /// The label below the bar.
    public var name: String
    /// The height; a bar whose value is not finite is left out.
    public var value: Double
    /// The standard deviation, drawn as an error bar to both sides; nil for none.
    public var deviation: Double?

    /// A bar with a label.
    public init(_ name: String, _ value: Double, deviation: Double? = nil) {
      self.name = name
      self.value = value
      self.deviation = deviation
    }
  }
  /// The heading.
  public var title: String
  /// The label of the vertical axis.
  public var yLabel: String
  /// Bars from left to right.
  public var bars: [Bar]

  /// A plot of some bars.
  public init(_ title: String, y: String, _ bars: [Bar]) {
    self.title = title
    yLabel = y
    self.bars = bars
  }

  /// True for a bar with numbers up to `Plot.limit`; another keeps its slot, but is not drawn.
  private func isDrawable(_ bar: Bar) -> Bool { abs(bar.value) + abs(bar.deviation ?? 0) <= Plot.limit }

  private let left = 76.0, right = 20.0, top = 46.0, bottom = 40.0

  /// The layout in pixels: the ruler of the vertical axis, the y coordinate of a value, and the centre and half width
  /// of each bar.
  private func layout(_ width: Int, _ height: Int) -> (
    ruler: Plot.Ruler, y: (Double) -> Double, slots: [(centre: Double, half: Double)]
  ) {
    let drawable = bars.filter(isDrawable), w = Double(width) - left - right, h = Double(height) - top - bottom
    let ends = drawable.flatMap { [$0.value + ($0.deviation ?? 0), $0.value - ($0.deviation ?? 0)] }
    let ruler = Plot.Ruler(ends + [0], .linear)
    let slotWidth = w / Double(max(1, bars.count))
    let slots = bars.indices.map { (centre: left + (Double($0) + 0.5) * slotWidth, half: min(60, slotWidth * 0.35)) }
    return (ruler, { top + (1 - ruler($0)) * h }, slots)
  }

  /// Draws the plot as pixels.
  public func image(width: Int = 760, height: Int = 460) -> ByteImage {
    var canvas = ByteImage(height: height, width: width, colour: [255, 255, 255])
    let (ruler, y, slots) = layout(width, height), end = Double(width) - right
    for tick in ruler.ticks {
      canvas.line(from: (left, y(tick.value)), to: (end, y(tick.value)), colour: [225, 225, 225], width: 1)
      canvas.write(tick.text, y: Int(y(tick.value)) - 3, x: Int(left) - 8 - Font.width(tick.text), scale: 1)
    }
    for (index, (bar, slot)) in zip(bars, slots).enumerated() {
      if isDrawable(bar) {
        let colour = Plot.colours[index % Plot.colours.count]
        let ends = [y(0), y(bar.value)].sorted()
        for row in Int(ends[0].rounded())..<max(Int(ends[0].rounded()), Int(ends[1].rounded())) {
          for column in Int(slot.centre - slot.half)..<Int(slot.centre + slot.half) {
            canvas.blend(colour, y: row, x: column, opacity: 1)
          }
        }
        if let deviation = bar.deviation {
          let (lower, upper) = (y(bar.value - deviation), y(bar.value + deviation))
          canvas.line(from: (slot.centre, lower), to: (slot.centre, upper), colour: [40, 40, 40], width: 2)
          for edge in [lower, upper] {
            canvas.line(from: (slot.centre - 6, edge), to: (slot.centre + 6, edge), colour: [40, 40, 40], width: 2)
          }
        }
      }
      // Twice as large where the name has room.
      let scale = Double(2 * Font.width(bar.name)) < 2.6 * slot.half ? 2 : 1
      canvas.write(
        bar.name, y: height - Int(bottom) + 10, x: Int(slot.centre) - scale * Font.width(bar.name) / 2, scale: scale)
    }
    canvas.line(from: (left, y(0)), to: (end, y(0)), colour: [90, 90, 90], width: 1)
    canvas.line(from: (left, top), to: (left, Double(height) - bottom), colour: [90, 90, 90], width: 1)
    canvas.write(title, y: 10, x: Int(left), scale: 2)
    canvas.write(yLabel, y: 33, x: 8, scale: 1)
    return canvas
  }

  /// Draws the plot as SVG; labels are text elements.
  public func svg(width: Int = 560, height: Int = 360) -> String {
    let (ruler, y, slots) = layout(width, height), end = Double(width) - right
    var parts = [
      SVG.head(width, height), SVG.text(title, x: 8, y: 18, anchor: "start", size: 16),
      SVG.text(yLabel, x: 8, y: top - 8, anchor: "start", size: 12),
    ]
    for tick in ruler.ticks {
      parts += [
        SVG.line(from: (left, y(tick.value)), to: (end, y(tick.value)), colour: "#e1e1e1"),
        SVG.text(tick.text, x: left - 8, y: y(tick.value) + 4, anchor: "end", size: 12),
      ]
    }
    for (index, (bar, slot)) in zip(bars, slots).enumerated() {
      if isDrawable(bar) {
        let ends = [y(0), y(bar.value)].sorted(), colour = SVG.colour(Plot.colours[index % Plot.colours.count])
        parts.append(
          "<rect x=\"\(slot.centre - slot.half)\" y=\"\(ends[0])\" width=\"\(2 * slot.half)\" "
            + "height=\"\(ends[1] - ends[0])\" fill=\"\(colour)\"/>"
        )
        if let deviation = bar.deviation {
          let (lower, upper) = (y(bar.value - deviation), y(bar.value + deviation))
          parts.append(SVG.line(from: (slot.centre, lower), to: (slot.centre, upper), colour: "#282828"))
          parts += [lower, upper].map {
            SVG.line(from: (slot.centre - 6, $0), to: (slot.centre + 6, $0), colour: "#282828")
          }
        }
      }
      parts.append(SVG.text(bar.name, x: slot.centre, y: Double(height) - bottom + 20, anchor: "middle", size: 12))
    }
    parts += [
      SVG.line(from: (left, y(0)), to: (end, y(0)), colour: "#5a5a5a"),
      SVG.line(from: (left, top), to: (left, Double(height) - bottom), colour: "#5a5a5a"),
    ]
    return (parts + ["</svg>"]).joined(separator: "\n") + "\n"
  }
}
