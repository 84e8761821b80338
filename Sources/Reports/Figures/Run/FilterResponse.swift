import Autoregression
import Images
import Laboratory
import Spectra
import Tensors

/// Frequency response of each level of a direction, and the error of nesting: low(high(x)) against low(x).
enum FilterResponse: RunFigure {
  static let name = "filter"
  static let about = "Frequency response of each level, and the error of nesting levels."

  static func panels(of context: FigureContext) throws -> [Panel] {
    let direction = context.direction, quantizer = context.quantizer, latents = context.latents
    let shown = context.levels.compactMap { level in
      direction.version(of: latents, at: level, by: quantizer).map { (level, $0) }
    }
    guard !shown.isEmpty else {
      throw Inapplicable("the levels of this direction are no versions of an image, and have no frequency response")
    }
    let bins = min(context.layout.grid.height, context.layout.grid.width) / 2
    guard bins >= 1 else { throw Inapplicable("a grid of \(context.layout.grid) has a single frequency") }
    let whole = power(latents)
    let gains = shown.map { level, version in
      // |a + b|^2 - |a - b|^2 = 4 Re(a b*): the part of b that is coherent with a; aliased power drops out.
      let (sum, difference) = (power(latents + version), power(latents - version))
      return Plot.Series(
        "level \(level)",
        whole.indices.filter { whole[$0] > 0 }.map { (Double($0), (sum[$0] - difference[$0]) / (4 * whole[$0])) })
    }
    let response = Plot("\(context.name): response of levels", x: "cycles per latent", y: "gain", gains)
    // Ideal filters nest: low(high(x)) = low(x) and low(low(x)) = low(x).
    var bars: [BarPlot.Bar] = []
    for (j, (low, version)) in shown.enumerated() {
      let size = version.squared.sum.scalar
      guard size > 0 else { continue }
      for (high, other) in shown[j...] {
        guard let twice = direction.version(of: other, at: low, by: quantizer) else { continue }
        bars.append(.init("\(low) of \(high)", Double(((twice - version).squared.sum.scalar / size).squareRoot())))
      }
    }
    let nesting = BarPlot("\(context.name): nesting error", y: "relative error", Array(bars.prefix(36)))
    return [
      Panel(
        name, .plot(response),
        caption:
          "Gain of each level by distance from frequency zero, over real latents: 1 passes a frequency, 0 blocks it."
      ),
      Panel(
        "\(name)-nesting", .bars(nesting),
        caption:
          "|low(high(x)) - low(x)| / |low(x)| over real latents; 0 for an ideal filter."
      ),
    ]
  }

  /// Mean power of latents in each ring of frequencies, over samples and channels.
  private static func power(_ latents: Tensor) -> [Double] { Measures.mean(radialPowerSpectrum(of: latents)) }
}
