import Glibc

/// A normal distribution of one channel.
struct Gaussian {
  var mean: Double, deviation: Double

  /// The log-density at x.
  func logDensity(_ x: Double) -> Double {
    let z = (x - mean) / deviation
    return -0.5 * z * z - log(deviation) - 0.5 * log(2 * .pi)
  }
}

/// Guidance of one channel by densities: p(x) = c(x)^s / u(x)^(s - 1) for Gaussians with and without the condition
/// (GIVT; Tschannen et al. 2023, arXiv 2312.02116, as `CFGDensity` of its code samples it).
///
/// Where c is the wider one, p is no density, and where both are nearly as wide its tails have no bound. Draws are
/// proposed from q = N(c's mean, 2 max(deviations)) and taken with probability min(1, p(x) q(m) / (P q(x))), where P is
/// the largest p within 10 of c's mean m: what is drawn has the density min(p(x) / P, q(x) / q(m)), up to a factor, and
/// no tail is wider than that of q. Where 1000 proposals fail, nothing is drawn.
///
/// Differs from the released code: P is the exact maximum there, not that of a grid of 1001 points, and proposals that
/// follow the first success are not drawn.
struct DensityGuidance {
  /// Proposals before a channel counts as failed; the reach around the mean within which the largest p is sought.
  static let attempts = 1000, reach = 10.0

  /// The mean of proposals, which is that with the condition.
  let mean: Double
  /// The standard deviation of proposals.
  let proposalDeviation: Double
  /// log p(mean + z) = quadratic z^2 + linear z, up to a constant.
  private let quadratic: Double, linear: Double
  /// The largest of it for z in -10...10.
  private let peak: Double

  /// Guidance with scale s >= 1.
  init(_ c: Gaussian, _ u: Gaussian, scale: Double) {
    let precision = scale / (c.deviation * c.deviation), freePrecision = (scale - 1) / (u.deviation * u.deviation)
    mean = c.mean
    proposalDeviation = 2 * max(c.deviation, u.deviation)
    quadratic = (freePrecision - precision) / 2
    linear = freePrecision * (c.mean - u.mean)
    let ends = [-Self.reach, Self.reach]
    let vertex = quadratic < 0 ? [min(max(-linear / (2 * quadratic), -Self.reach), Self.reach)] : []
    let (a, b) = (quadratic, linear)
    peak = (ends + vertex).map { a * $0 * $0 + b * $0 }.max() ?? 0
  }

  /// The logarithm of the density of draws at x, up to a constant: that of min(p / P, q / q(m)).
  func logDensity(_ x: Double) -> Double {
    let z = x - mean
    return min((quadratic * z + linear) * z - peak, -0.5 * z * z / (proposalDeviation * proposalDeviation))
  }

  /// A draw; nil where all proposals fail.
  func draw(_ numbers: inout SplitMix) -> Double? {
    for _ in 0..<Self.attempts {
      let z = proposalDeviation * numbers.normal(), envelope = -0.5 * z * z / (proposalDeviation * proposalDeviation)
      if log(numbers.uniform()) + peak + envelope < (quadratic * z + linear) * z { return mean + z }
    }
    return nil
  }
}

/// The generator SplitMix64 (Steele et al. 2014), for draws whose number is not known beforehand.
struct SplitMix {
  private var state: UInt64

  /// A source that two numbers in [0, 1), multiples of 2^-24, select.
  init(_ first: Float, _ second: Float) {
    state = UInt64(first * 0x1p24) << 24 | UInt64(second * 0x1p24)
  }

  private mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var word = state
    word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
    word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
    return word ^ (word >> 31)
  }

  /// A number in (0, 1].
  mutating func uniform() -> Double { (Double(next() >> 11) + 1) * 0x1p-53 }

  /// A number of the standard normal distribution (Box and Muller 1958).
  mutating func normal() -> Double { (-2 * log(uniform())).squareRoot() * cos(2 * .pi * uniform()) }
}
