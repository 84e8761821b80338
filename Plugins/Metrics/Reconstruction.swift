import Autoregression
import Glibc
import Settings
import Tensors

/// Peak signal-to-noise ratio of reconstructions in decibels: 10 log10(1 / mse) per image, data range 1, then the mean.
struct PeakSignalToNoise: Metric {
  static let key = "psnr"
  static let about = About("Peak signal-to-noise ratio of the tokenizer, in decibels.")
  private var sum = 0.0, count = 0

  init(_ settings: inout Settings) throws(SettingsError) {}
  var subject: MetricSubject { .reconstructions }

  mutating func observe(_ made: Tensor, beside real: Tensor) {
    for value in Self.decibels(made, real) {
      sum += value
      count += 1
    }
  }

  func values() -> [Measurement] { count == 0 ? [] : [Measurement("psnr", sum / Double(count), lowerIsBetter: false)] }

  /// One number per image of [batch, height, width, 3] in [-1, 1].
  static func decibels(_ made: Tensor, _ real: Tensor) -> [Double] {
    let area = made.count / made.shape[0], (a, b) = (made.scalars, real.scalars)
    return (0..<made.shape[0]).map { image in
      let error = (image * area..<(image + 1) * area).reduce(0.0) { sum, i in
        let gap = Double(a[i] - b[i]) / 2
        return sum + gap * gap
      }
      return 10 * log10(1 / max(error / Double(area), 1e-12))
    }
  }
}

/// Structural similarity of reconstructions (Wang et al. 2004): 11x11 Gaussian of 1.5 pixels, whole windows only.
struct StructuralSimilarity: Metric {
  static let key = "ssim"
  static let about = About("Structural similarity of the tokenizer.", source: "Wang et al. 2004, IEEE TIP 13(4)")
  private var sum = 0.0, count = 0

  init(_ settings: inout Settings) throws(SettingsError) {}
  var subject: MetricSubject { .reconstructions }

  mutating func observe(_ made: Tensor, beside real: Tensor) {
    guard made.shape[1] >= 11, made.shape[2] >= 11 else { return }
    for value in Self.similarities(made, real) {
      sum += value
      count += 1
    }
  }

  func values() -> [Measurement] { count == 0 ? [] : [Measurement("ssim", sum / Double(count), lowerIsBetter: false)] }

  /// One number per image of [batch, height, width, 3] in [-1, 1].
  static func similarities(_ made: Tensor, _ real: Tensor) -> [Double] {
    let (height, width) = (made.shape[1], made.shape[2]), x = made * 0.5 + 0.5, y = real * 0.5 + 0.5
    let raw = (-5...5).map { exp(-Double($0 * $0) / 4.5) }, weights = raw.map { $0 / raw.reduce(0, +) }
    func window(_ length: Int) -> [[Double]] {
      (0..<length - 10).map { i in (0..<length).map { j in (0...10).contains(j - i) ? weights[j - i] : 0 } }
    }
    let (rows, columns) = (window(height), window(width))
    func blurred(_ t: Tensor) -> [Float] { t.applied(rows: rows, columns: columns).scalars }
    let (mx, my) = (blurred(x), blurred(y)), (xx, yy, xy) = (blurred(x * x), blurred(y * y), blurred(x * y))
    let area = mx.count / made.shape[0]
    return (0..<made.shape[0]).map { image in
      (image * area..<(image + 1) * area).reduce(0.0) { sum, i in
        let (a, b) = (Double(mx[i]), Double(my[i]))
        let (va, vb, cov) = (Double(xx[i]) - a * a, Double(yy[i]) - b * b, Double(xy[i]) - a * b)
        return sum + (2 * a * b + 1e-4) * (2 * cov + 9e-4) / ((a * a + b * b + 1e-4) * (va + vb + 9e-4))
      } / Double(area)
    }
  }
}

@section("overtone_parts") @used private let first: Registration = { $0.registry.add(PeakSignalToNoise.self) }
@section("overtone_parts") @used private let second: Registration = { $0.registry.add(StructuralSimilarity.self) }
