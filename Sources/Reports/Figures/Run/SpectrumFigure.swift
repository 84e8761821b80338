import Autoregression
import Glibc
import Images
import Laboratory
import Spectra
import Tensors

/// How much power real, reconstructed and generated pictures have at each frequency; latents, too.
enum SpectrumFigure: RunFigure {
  static let name = "spectrum"
  static let about = "Power at each frequency of pictures and latents: real, given back, generated."

  static func panels(of study: Study) throws -> [Panel] {
    let made = study.made, count = study.real.labels.count
    var random = Random(seed: study.assembly.seed, samples: Array(0..<count))
    let again = study.run.reconstructed(study.real.images, &random)
    let real = spectrum(study.real.images), painted = spectrum(made.images)
    var panels = [
      Panel(
        name,
        .plot(
          plot(
            "\(study.name): pictures", "cycles per picture",
            [("real", real), ("given back by tokens", spectrum(again)), ("generated", painted)])),
        caption:
          "Mean power by distance from frequency zero: \(count) real pictures, the same from their tokens, and \(made.labels.count) generated ones. In the upper half of frequencies generated pictures have \(decibels(painted, real)) of the power of real ones."
      )
    ]
    let whole = spectrum(study.latents)
    guard whole.count > 2 else { return panels }
    let final = spectrum(made.latents)
    var series: [(String, [Double])] = [("real", whole), ("generated", final)]
    for level in study.levels.dropLast() {
      guard let version = study.direction.version(of: study.latents, at: level, by: study.quantizer) else { break }
      let power = spectrum(version)
      if power.contains(where: { $0 > 0 }), series.count < 7 { series.append(("real, level \(level)", power)) }
    }
    panels.append(
      Panel(
        "\(name)-latents", .plot(plot("\(study.name): latents", "cycles per latent", series)),
        caption:
          "The same of latents, and of what levels show of real ones. In the upper half of frequencies generated latents have \(decibels(final, whole)) of the power of real ones."
      ))
    return panels
  }

  static func spectrum(_ images: Tensor) -> [Double] { mean(radialPowerSpectrum(of: images)) }

  /// Over samples and channels.
  static func mean(_ spectra: [[[Double]]]) -> [Double] {
    let all = spectra.flatMap { $0 }
    return (all.first ?? []).indices.map { bin in all.reduce(0) { $0 + $1[bin] } / Double(all.count) }
  }

  /// Frequency zero is the mean colour, which a logarithmic axis has no place for; nor has it one for power that is
  /// nothing but rounding.
  static func plot(_ title: String, _ x: String, _ spectra: [(String, [Double])]) -> Plot {
    let most = spectra.first?.1.dropFirst().max() ?? 1
    let series = spectra.map { name, power in
      Plot.Series(name, power.indices.dropFirst().filter { power[$0] > most * 1e-9 }.map { (Double($0), power[$0]) })
    }
    // Few frequencies are told apart best where they are equally far from each other.
    let isLong = (spectra.first?.1.count ?? 0) > 8
    return Plot(
      title, x: x, y: "mean power", series.filter { !$0.points.isEmpty }, xScale: isLong ? .log : .linear,
      yScale: .log)
  }

  /// "-1.2 dB": mean ratio of two spectra over the upper half of their bins.
  private static func decibels(_ made: [Double], _ real: [Double]) -> String {
    let upper = (made.count / 2..<made.count).filter { made[$0] > 0 && real[$0] > 0 }
    guard !upper.isEmpty else { return "none" }
    let mean = upper.reduce(0.0) { $0 + 10 * log10(made[$1] / real[$1]) } / Double(upper.count)
    return "\(mean < 0 ? "-" : "+")\(Progress.number(mean.magnitude)) dB"
  }
}
