import Glibc

/// The learning rate along a run: a linear warm-up, then constant, or down to `least` along a cosine or a line.
public struct LearningRate: Sendable {
  public enum Shape: String, CaseIterable, Sendable { case constant, cosine, linear }
  public var shape: Shape
  public var peak: Double
  public var least: Double
  /// In the unit that the rate is asked in: steps or epochs.
  public var warmUp: Double
  public var total: Double

  public init(_ shape: Shape, peak: Double, least: Double = 0, warmUp: Double, total: Double) {
    self.shape = shape
    self.peak = peak
    self.least = least
    self.warmUp = warmUp
    self.total = total
  }

  /// The rate at `time`: peak time / warmUp before the warm-up ends.
  public func callAsFunction(_ time: Double) -> Double {
    if time < warmUp { return peak * time / warmUp }
    let share = total > warmUp ? min(1, (time - warmUp) / (total - warmUp)) : 1
    return switch shape {
    case .constant: peak
    case .cosine: least + (peak - least) / 2 * (1 + cos(.pi * share))
    case .linear: least + (peak - least) * (1 - share)
    }
  }
}
