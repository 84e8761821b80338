import Autoregression
import Glibc
import Images
import Laboratory
import Spectra
import Tensors

/// Radial power spectra of real, reconstructed and generated images, and of latents.
enum SpectrumFigure: RunFigure {
  static let name = "spectrum"
  static let about = "Radial power spectra of images and latents: real, reconstructed, generated."

  static func panels(of context: FigureContext) throws -> [Panel] {
    let generated = context.generated, count = context.real.labels.count
    var random = Random(seed: context.assembly.seed, samples: Array(0..<count))
    let reconstructed = try context.run.sampler.reconstructions(of: context.real.images, &random)
    let real = Measures.spectrum(context.real.images), generatedPower = Measures.spectrum(generated.images)
    var panels = [
      Panel(
        name,
        .plot(
          plot(
            "\(context.name): images", "cycles per image",
            [("real", real), ("reconstructed", Measures.spectrum(reconstructed)), ("generated", generatedPower)])),
        caption:
          "Mean power by distance from frequency zero: \(count) real images, their reconstructions, and "
          + "\(generated.labels.count) generated images. In the upper half of frequencies generated images have "
          + "\(decibels(generatedPower, real)) relative to real ones."
      )
    ]
    let whole = Measures.spectrum(context.latents)
    guard whole.count > 2 else { return panels }
    let final = Measures.spectrum(generated.latents)
    var series: [(String, [Double])] = [("real", whole), ("generated", final)]
    for level in context.levels.dropLast() {
      guard let version = context.direction.version(of: context.latents, at: level, by: context.quantizer) else {
        break
      }
      let power = Measures.spectrum(version)
      if power.contains(where: { $0 > 0 }), series.count < 7 { series.append(("real, level \(level)", power)) }
    }
    panels.append(
      Panel(
        "\(name)-latents", .plot(plot("\(context.name): latents", "cycles per latent", series)),
        caption:
          "Mean power of latents, and of real latents at each level. In the upper half of frequencies generated "
          + "latents have \(decibels(final, whole)) relative to real ones."
      ))
    return panels
  }

  /// A plot of spectra without frequency zero (the mean colour) and without power below the rounding error, 1e-9 of
  /// the maximum.
  static func plot(_ title: String, _ x: String, _ spectra: [(String, [Double])]) -> Plot {
    let most = spectra.first?.1.dropFirst().max() ?? 1
    let series = spectra.map { name, power in
      Plot.Series(name, power.indices.dropFirst().filter { power[$0] > most * 1e-9 }.map { (Double($0), power[$0]) })
    }
    // A logarithmic axis only for many frequencies; few are easier to tell apart at equal distances.
    let isLong = (spectra.first?.1.count ?? 0) > 8
    return Plot(
      title, x: x, y: "mean power", series.filter { !$0.points.isEmpty }, xScale: isLong ? .log : .linear,
      yScale: .log)
  }

  /// Mean ratio of two spectra over the upper half of their rings, such as "-1.2 dB".
  private static func decibels(_ generated: [Double], _ real: [Double]) -> String {
    let upper = (generated.count / 2..<generated.count).filter { generated[$0] > 0 && real[$0] > 0 }
    guard !upper.isEmpty else { return "none" }
    let mean = upper.reduce(0.0) { $0 + 10 * log10(generated[$1] / real[$1]) } / Double(upper.count)
    return "\(mean < 0 ? "-" : "+")\(NumberFormat.short(mean.magnitude)) dB"
  }
}
