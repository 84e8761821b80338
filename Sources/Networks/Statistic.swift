import Tensors

/// A measured tensor that is stored with the weights but not trained: means, deviations, ranges (PyTorch's buffers).
public final class Statistic: @unchecked Sendable {  // written between steps only
  /// The current value.
  public private(set) var value: Tensor
  /// The measured quantity, where weights are trained behind it and have no meaning without it; nil for all others.
  public let scaling: Scaling?
  /// The parameter whose value it begins at; nil for none.
  public let origin: Parameter?

  /// A measured scale of the numbers that weights are trained on.
  public struct Scaling: Sendable {
    /// The name of the quantity: "standard deviations of tokens".
    public let quantity: String
    /// The setting of the component by which it is measured: "token-scale".
    public let key: String
    /// The value of that setting under which nothing is measured: "'none'".
    public let remedy: String

    /// A measured scale with the setting that switches it off.
    public init(of quantity: String, key: String, remedy: String) {
      (self.quantity, self.key, self.remedy) = (quantity, key, remedy)
    }
  }

  /// A statistic of the given value.
  public init(_ value: Tensor, scaling: Scaling? = nil) {
    self.value = value
    self.scaling = scaling
    origin = nil
  }

  /// A statistic that begins at the value of a parameter, also where that comes from elsewhere.
  public init(from parameter: Parameter) {
    value = parameter.value
    scaling = nil
    origin = parameter
  }

  /// Sets another value; its shape may differ.
  public func replace(_ new: Tensor) { value = new.detached }
}
