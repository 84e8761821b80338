import Autoregression
import Glibc
import Settings
import Tensors

/// Structural similarity of reconstructions (Wang et al. 2004): an 11x11 Gaussian window with a standard deviation of
/// 1.5 pixels, windows inside the image only. Images smaller than a window are left out.
struct StructuralSimilarity: Metric {
  static let key = "ssim"
  static let about = About("Structural similarity of the tokenizer.", source: "Wang et al. 2004, IEEE TIP 13(4)")
  private var sum = 0.0, count = 0

  init(_ settings: inout Settings) throws(SettingsError) {}
  var subject: MetricSubject { .reconstructions }
  var names: [String] { ["ssim"] }

  mutating func observe(_ reconstructed: Tensor, beside real: Tensor) {
    guard reconstructed.shape[1] >= 11, reconstructed.shape[2] >= 11 else { return }
    for value in Self.similarities(reconstructed, real) {
      sum += value
      count += 1
    }
  }

  func values() -> [Measurement] { count == 0 ? [] : [Measurement("ssim", sum / Double(count), lowerIsBetter: false)] }

  /// The similarity of each image of [batch, height, width, 3] in [-1, 1], the mean over windows: [batch].
  static func similarities(_ reconstructed: Tensor, _ real: Tensor) -> [Double] {
    let (height, width) = (reconstructed.shape[1], reconstructed.shape[2])
    let x = reconstructed * 0.5 + 0.5, y = real * 0.5 + 0.5
    // exp(-d^2 / (2 1.5^2))
    let raw = (-5...5).map { exp(-Double($0 * $0) / 4.5) }, weights = raw.map { $0 / raw.reduce(0, +) }
    // Banded matrices [length - 10][length] that average over windows.
    func window(_ length: Int) -> [[Double]] {
      (0..<length - 10).map { i in (0..<length).map { j in (0...10).contains(j - i) ? weights[j - i] : 0 } }
    }
    let (rows, columns) = (window(height), window(width))
    func blurred(_ t: Tensor) -> [Float] { t.applied(rows: rows, columns: columns).scalars }
    let (mx, my) = (blurred(x), blurred(y)), (xx, yy, xy) = (blurred(x * x), blurred(y * y), blurred(x * y))
    let area = mx.count / reconstructed.shape[0]
    return (0..<reconstructed.shape[0]).map { image in
      (image * area..<(image + 1) * area).reduce(0.0) { sum, i in
        let (a, b) = (Double(mx[i]), Double(my[i]))
        let (va, vb, cov) = (Double(xx[i]) - a * a, Double(yy[i]) - b * b, Double(xy[i]) - a * b)
        // (2 a b + C1)(2 cov + C2) / ((a^2 + b^2 + C1)(va + vb + C2)) with C1 = 0.01^2, C2 = 0.03^2.
        return sum + (2 * a * b + 1e-4) * (2 * cov + 9e-4) / ((a * a + b * b + 1e-4) * (va + vb + 9e-4))
      } / Double(area)
    }
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(StructuralSimilarity.self) }
