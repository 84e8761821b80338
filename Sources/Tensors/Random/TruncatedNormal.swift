import Glibc

/// A normal distribution truncated to a range: outside it the density is zero.
public struct TruncatedNormal: Sendable {
  /// The mean of the normal distribution before it is truncated.
  public var mean: Double
  /// The standard deviation of the normal distribution before it is truncated; positive.
  public var deviation: Double
  /// The values that remain.
  public var range: ClosedRange<Double>

  /// A distribution with the parameters of the normal distribution it is truncated from.
  public init(mean: Double, deviation: Double, range: ClosedRange<Double>) {
    self.mean = mean
    self.deviation = deviation
    self.range = range
  }

  /// The value with cumulative probability `probability` in [0, 1]; by 60 steps of bisection.
  public func quantile(_ probability: Double) -> Double {
    var low = range.lowerBound, high = range.upperBound
    let bottom = below(low), target = bottom + probability * (below(high) - bottom)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if below(middle) < target { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// The probability of a value below `value`, in [0, 1].
  public func cumulative(_ value: Double) -> Double {
    let bottom = below(range.lowerBound)
    return (below(min(max(value, range.lowerBound), range.upperBound)) - bottom) / (below(range.upperBound) - bottom)
  }

  /// The distribution function of the normal distribution before it is truncated.
  private func below(_ value: Double) -> Double { 0.5 * erfc((mean - value) / (deviation * 2.0.squareRoot())) }
}
