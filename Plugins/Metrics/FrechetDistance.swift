import Autoregression
import Settings
import Tensors

/// Frechet distance between Gaussians fitted to features of generated and real images
/// (Heusel et al. 2017, arXiv 1706.08500), the features being those of a fixed random network.
///
/// Differs: no Inception network; three random convolutions, the same for ever. It ranks runs on one data set and is
/// printed as FD[randconv64-v1], never as FID.
struct FrechetDistance: Metric {
  static let key = "frechet"
  static let about = About(
    "Frechet distance on 64 features of a fixed random network: FD[randconv64-v1].",
    source: "Heusel et al. 2017, arXiv 1706.08500")
  private var made = Gaussian(), real = Gaussian()

  init(_ settings: inout Settings) throws(SettingsError) {}
  var subject: MetricSubject { .samples }

  mutating func observe(_ made: Tensor, beside real: Tensor) {
    self.made.add(Self.features(made))
    self.real.add(Self.features(real))
  }

  /// Nothing with fewer than two images: there is no covariance.
  func values() -> [Measurement] {
    guard made.count > 1, real.count > 1 else { return [] }
    return [Measurement("FD[randconv64-v1]", Gaussian.distance(made, real), lowerIsBetter: true)]
  }

  /// Kernels of version 1: seed 64, three 3x3 convolutions of stride 2 with 16, 32 and 64 channels.
  private static let kernels: [Tensor] = {
    var random = Random(seed: 64)
    return [(3, 16), (16, 32), (32, 64)].map { inputs, outputs in
      random.normal([1, outputs * 9 * inputs], "randconv64-v1").reshaped([outputs, 3, 3, inputs])
        * (2 / Float(9 * inputs)).squareRoot()
    }
  }()

  /// [batch, height, width, 3] in [-1, 1] to [batch][64]: the mean of each channel over the image.
  static func features(_ images: Tensor) -> [[Double]] {
    var x = images
    for kernel in kernels { x = x.convolved(kernel, nil, stride: 2, padding: .all(1)).activated(.relu) }
    let means = x.reshaped([x.shape[0], x.shape[1] * x.shape[2], x.shape[3]]).mean(axis: 1).scalars
    return (0..<x.shape[0]).map { row in (0..<x.shape[3]).map { Double(means[row * x.shape[3] + $0]) } }
  }
}

/// Mean and covariance of rows, gathered a batch at a time in double precision.
public struct Gaussian: Sendable {
  private var rows: [[Double]] = []

  public init() {}

  public var count: Int { rows.count }

  public mutating func add(_ rows: [[Double]]) { self.rows += rows }

  public var mean: [Double] {
    (0..<(rows.first?.count ?? 0)).map { column in rows.reduce(0) { $0 + $1[column] } / Double(rows.count) }
  }

  /// [n][n], divisor count - 1.
  public var covariance: [[Double]] {
    let mean = mean, centred = rows.map { zip($0, mean).map { $0 - $1 } }
    var sum = mean.map { _ in mean.map { _ in 0.0 } }
    for row in centred { for i in row.indices { for j in 0...i { sum[i][j] += row[i] * row[j] } } }
    for i in sum.indices { for j in 0...i { sum[i][j] /= Double(rows.count - 1); sum[j][i] = sum[i][j] } }
    return sum
  }

  /// |m1 - m2|^2 + tr S1 + tr S2 - 2 tr sqrt(S1^(1/2) S2 S1^(1/2)); negative eigenvalues count as 0.
  public static func distance(_ a: Gaussian, _ b: Gaussian) -> Double {
    let (s1, s2) = (a.covariance, b.covariance),
      gap = zip(a.mean, b.mean).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    let (values, vectors) = eigen(s1), n = values.count
    // Both sides of S2 by the root of S1, in the basis of S1's eigenvectors: the eigenvalues are the same.
    var turned = s2
    for i in 0..<n {
      for j in 0..<n {
        var sum = 0.0
        for k in 0..<n { sum += vectors[i][k] * s2[k].indices.reduce(0) { $0 + s2[k][$1] * vectors[j][$1] } }
        turned[i][j] = sum * (max(0, values[i]) * max(0, values[j])).squareRoot()
      }
    }
    let roots = eigen(turned).values.reduce(0) { $0 + max(0, $1).squareRoot() }
    return gap + (0..<n).reduce(0) { $0 + s1[$1][$1] + s2[$1][$1] } - 2 * roots
  }

  /// Eigenvalues and rows of eigenvectors of a symmetric matrix, by Jacobi's rotations.
  static func eigen(_ matrix: [[Double]]) -> (values: [Double], vectors: [[Double]]) {
    let n = matrix.count
    var a = matrix, v = (0..<n).map { i in (0..<n).map { $0 == i ? 1.0 : 0 } }
    for _ in 0..<60 {
      let off = (0..<n).reduce(0.0) { sum, i in (0..<i).reduce(sum) { $0 + a[i][$1] * a[i][$1] } }
      let size = (0..<n).reduce(0.0) { $0 + a[$1][$1] * a[$1][$1] }
      if off <= 1e-28 * size { break }
      for p in 0..<n {
        for q in (p + 1)..<max(p + 1, n) where abs(a[p][q]) > 1e-300 {
          let theta = (a[q][q] - a[p][p]) / (2 * a[p][q])
          let t = (theta >= 0 ? 1 : -1) / (abs(theta) + (theta * theta + 1).squareRoot()),
            c = 1 / (t * t + 1).squareRoot(), s = t * c
          for k in 0..<n { (a[k][p], a[k][q]) = (c * a[k][p] - s * a[k][q], s * a[k][p] + c * a[k][q]) }
          for k in 0..<n { (a[p][k], a[q][k]) = (c * a[p][k] - s * a[q][k], s * a[p][k] + c * a[q][k]) }
          for k in 0..<n { (v[p][k], v[q][k]) = (c * v[p][k] - s * v[q][k], s * v[p][k] + c * v[q][k]) }
        }
      }
    }
    return ((0..<n).map { a[$0][$0] }, v)
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(FrechetDistance.self) }
