import Autoregression
import Settings
import Tensors

/// The Fréchet distance between Gaussians fitted to features of generated and real images (Heusel et al. 2017,
/// arXiv 1706.08500), where the features are those of a fixed random network.
///
/// Differs: no Inception network, but three random convolutions with fixed weights. It ranks runs on one data set and
/// is printed as FD[randconv64-v1], never as FID.
struct FrechetDistance: Metric {
  static let key = "frechet"
  static let about = About(
    "Fréchet distance on 64 features of a fixed random network, FD[randconv64-v1]; not comparable with FID.",
    source: "Heusel et al. 2017, arXiv 1706.08500")
  private var generated = Gaussian(), real = Gaussian()

  init(_ settings: inout Settings) throws(SettingsError) {}
  var subject: MetricSubject { .samples }
  var names: [String] { ["FD[randconv64-v1]"] }

  mutating func observe(_ generated: Tensor, beside real: Tensor) {
    self.generated.add(Self.features(generated))
    self.real.add(Self.features(real))
  }

  /// Empty with fewer than two images, which have no covariance.
  func values() -> [Measurement] {
    guard generated.count > 1, real.count > 1 else { return [] }
    return [Measurement("FD[randconv64-v1]", Gaussian.distance(generated, real), lowerIsBetter: true)]
  }

  /// Kernels of version 1, [out, 3, 3, in]: seed 64, three convolutions of stride 2 with 16, 32 and 64 channels.
  private static let kernels: [Tensor] = {
    var random = Random(seed: 64)
    return [(3, 16), (16, 32), (32, 64)].map { inputs, outputs in
      random.normal([1, outputs * 9 * inputs], "randconv64-v1").reshaped([outputs, 3, 3, inputs])
        * (2 / Float(9 * inputs)).squareRoot()
    }
  }()

  /// Means of the channels over images [batch, height, width, 3] in [-1, 1]: [batch][64].
  static func features(_ images: Tensor) -> [[Double]] {
    var x = images
    for kernel in kernels { x = x.convolved(kernel, nil, stride: 2, padding: .all(1)).activated(.relu) }
    let means = x.reshaped([x.shape[0], x.shape[1] * x.shape[2], x.shape[3]]).mean(axis: 1).scalars
    return (0..<x.shape[0]).map { row in (0..<x.shape[3]).map { Double(means[row * x.shape[3] + $0]) } }
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(FrechetDistance.self) }
