import Autoregression
import Images
import Laboratory
import Spectra
import Tensors

/// How much of each frequency a level keeps, and whether levels nest.
enum FilterResponse: RunFigure {
  static let name = "filter"
  static let about = "Gain of each level against frequency, and how far levels are from nesting."

  static func panels(of study: Study) throws -> [Panel] {
    let direction = study.direction, quantizer = study.quantizer, latents = study.latents
    let shown = study.levels.compactMap { level in
      direction.version(of: latents, at: level, by: quantizer).map { (level, $0) }
    }
    guard !shown.isEmpty else {
      throw Inapplicable("the levels of this direction show no part of an image, and have no response")
    }
    let bins = min(study.layout.grid.height, study.layout.grid.width) / 2
    guard bins >= 1 else { throw Inapplicable("a grid of \(study.layout.grid) has no frequencies to tell apart") }
    let whole = power(latents)
    let gains = shown.map { level, version in
      // |a + b|^2 - |a - b|^2 is four times the part of b that is in step with a; what other frequencies brought is not.
      let (sum, gap) = (power(latents + version), power(latents - version))
      return Plot.Series(
        "level \(level)",
        whole.indices.filter { whole[$0] > 0 }.map { (Double($0), (sum[$0] - gap[$0]) / (4 * whole[$0])) })
    }
    let response = Plot("\(study.name): response of levels", x: "cycles per latent", y: "gain", gains)
    // A level of a higher level should be that level, and a level of itself itself.
    var bars: [BarPlot.Bar] = []
    for (j, (low, version)) in shown.enumerated() {
      let size = version.squared.sum.scalar
      guard size > 0 else { continue }
      for (high, other) in shown[j...] {
        guard let twice = direction.version(of: other, at: low, by: quantizer) else { continue }
        bars.append(.init("\(low) of \(high)", Double(((twice - version).squared.sum.scalar / size).squareRoot())))
      }
    }
    let nesting = BarPlot("\(study.name): do levels nest?", y: "relative error", Array(bars.prefix(36)))
    return [
      Panel(
        name, .plot(response),
        caption:
          "The share of each frequency of real latents that a level keeps where it was, by distance from frequency zero: 1 is all, 0 nothing."
      ),
      Panel(
        "\(name)-nesting", .bars(nesting),
        caption:
          "|low(high(x)) - low(x)| / |low(x)| over real latents: 0 where a level of a higher level is that level, as with an ideal filter."
      ),
    ]
  }

  /// Mean power of latents in each ring, over samples and channels.
  private static func power(_ latents: Tensor) -> [Double] { SpectrumFigure.mean(radialPowerSpectrum(of: latents)) }
}
