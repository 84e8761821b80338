import Glibc

/// The learning rate over a run: a linear warm-up, then the peak for a while, then constant, or down to `least` along a
/// cosine or a line.
public struct LearningRate: Sendable {
  /// The course after the warm-up.
  public enum Shape: String, CaseIterable, Sendable {
    /// The peak until the end.
    case constant
    /// Half a cosine from the peak to the least rate (Loshchilov and Hutter 2016, arXiv 1608.03983, without restarts).
    case cosine
    /// A line from the peak to the least rate.
    case linear
  }

  /// The course after the warm-up.
  public var shape: Shape
  /// The rate where the warm-up ends.
  public var peak: Double
  /// The rate at the end of a cosine or a line.
  public var least: Double
  /// The length of the warm-up, in the unit of time: steps or epochs.
  public var warmUp: Double
  /// The rate at the first step of the warm-up, as a fraction of the peak.
  public var warmUpStart = 0.0
  /// The fraction of the time after the warm-up during which a cosine or a line stays at the peak.
  public var hold = 0.0
  /// The length of the run, in the unit of time.
  public var total: Double

  /// A schedule; `warmUp` and `total` are in the unit in which the schedule is called, steps or epochs.
  public init(_ shape: Shape, peak: Double, least: Double = 0, warmUp: Double, total: Double) {
    self.shape = shape
    self.peak = peak
    self.least = least
    self.warmUp = warmUp
    self.total = total
  }

  /// Returns the rate at `time`; during the warm-up peak (start + (1 - start) time / warmUp), after `total` the last
  /// rate.
  public func callAsFunction(_ time: Double) -> Double {
    if time < warmUp { return peak * warmUpStart + peak * (1 - warmUpStart) * time / warmUp }
    let passed = total > warmUp ? min(1, (time - warmUp) / (total - warmUp)) : 1
    let fraction = hold < 1 ? max(0, (passed - hold) / (1 - hold)) : 0
    return switch shape {
    case .constant: peak
    case .cosine: least + (peak - least) / 2 * (1 + cos(.pi * fraction))
    case .linear: least + (peak - least) * (1 - fraction)
    }
  }
}
