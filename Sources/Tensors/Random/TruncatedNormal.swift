import Glibc

/// A normal distribution of which only a range is kept.
public struct TruncatedNormal: Sendable {
  public var mean: Double, deviation: Double, range: ClosedRange<Double>

  public init(mean: Double, deviation: Double, range: ClosedRange<Double>) {
    self.mean = mean
    self.deviation = deviation
    self.range = range
  }

  /// The number below which a share `probability` in [0, 1] of the distribution lies; found by bisection.
  public func quantile(_ probability: Double) -> Double {
    var low = range.lowerBound, high = range.upperBound
    let bottom = below(low), target = bottom + probability * (below(high) - bottom)
    for _ in 0..<60 {
      let middle = (low + high) / 2
      if below(middle) < target { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// The share of the distribution below `value`, in [0, 1].
  public func cumulative(_ value: Double) -> Double {
    let bottom = below(range.lowerBound)
    return (below(min(max(value, range.lowerBound), range.upperBound)) - bottom) / (below(range.upperBound) - bottom)
  }

  private func below(_ value: Double) -> Double { 0.5 * erfc((mean - value) / (deviation * 2.0.squareRoot())) }
}
