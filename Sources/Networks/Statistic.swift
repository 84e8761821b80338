import Tensors

/// A measured tensor that is stored with the weights but not trained: means, deviations, ranges (PyTorch's buffers).
public final class Statistic: @unchecked Sendable {  // written between steps only
  /// The current value.
  public private(set) var value: Tensor

  /// A statistic of the given value.
  public init(_ value: Tensor) { self.value = value }

  /// Sets another value; its shape may differ.
  public func replace(_ new: Tensor) { value = new.detached }
}
