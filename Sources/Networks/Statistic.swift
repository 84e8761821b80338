import Tensors

/// Numbers that are measured, not trained, and stored with the weights: means, deviations, ranges.
public final class Statistic: @unchecked Sendable {  // written between steps only
  public private(set) var value: Tensor

  public init(_ value: Tensor) { self.value = value }

  /// Puts other numbers in its place; the shape may change.
  public func replace(_ new: Tensor) { value = new.detached }
}
