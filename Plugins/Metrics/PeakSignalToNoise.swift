import Autoregression
import Glibc
import Settings
import Tensors

/// Peak signal-to-noise ratio of reconstructions in decibels: 10 log10(1 / mse) of each image with data range 1, then
/// the mean over images.
struct PeakSignalToNoise: Metric {
  static let key = "psnr"
  static let about = About("Peak signal-to-noise ratio of the tokenizer, in decibels.")
  private var sum = 0.0, count = 0

  init(_ settings: inout Settings) throws(SettingsError) {}
  var subject: MetricSubject { .reconstructions }
  var names: [String] { ["psnr"] }

  mutating func observe(_ reconstructed: Tensor, beside real: Tensor) {
    for value in Self.decibels(reconstructed, real) {
      sum += value
      count += 1
    }
  }

  func values() -> [Measurement] { count == 0 ? [] : [Measurement("psnr", sum / Double(count), lowerIsBetter: false)] }

  /// The ratio of each image of [batch, height, width, 3] in [-1, 1]: [batch].
  static func decibels(_ reconstructed: Tensor, _ real: Tensor) -> [Double] {
    let area = reconstructed.count / reconstructed.shape[0], (a, b) = (reconstructed.scalars, real.scalars)
    return (0..<reconstructed.shape[0]).map { image in
      let error = (image * area..<(image + 1) * area).reduce(0.0) { sum, i in
        // [-1, 1] to a range of 1.
        let difference = Double(a[i] - b[i]) / 2
        return sum + difference * difference
      }
      return 10 * log10(1 / max(error / Double(area), 1e-12))
    }
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(PeakSignalToNoise.self) }
