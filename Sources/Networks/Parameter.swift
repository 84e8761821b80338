import Tensors

/// A tensor that training updates. The only class in a module: two modules that hold the same one share it.
public final class Parameter: @unchecked Sendable {  // written by the optimizer only, between steps
  /// The current value, without gradient.
  public private(set) var value: Tensor
  /// The operand that the running step differentiates; nil until the parameter is used.
  private var tracked: Tensor?
  /// True where weight decay applies; by default to matrices, not to vectors (biases, weights of norms).
  public let decays: Bool

  /// A parameter of the given value; `decays` nil: true where more than one axis is longer than 1.
  public init(_ value: Tensor, decays: Bool? = nil) {
    self.value = value
    self.decays = decays ?? (value.shape.filter { $0 > 1 }.count > 1)
  }

  /// Returns the value as an operand that records gradients, unless inside `withoutGradients`.
  public func callAsFunction() -> Tensor {
    guard GradientRecording.isOn else { return value }
    if let tracked { return tracked }
    let operand = value.tracked
    tracked = operand
    return operand
  }

  /// Moves the value out, so that it can be updated in its own memory; the parameter must not be used until
  /// `replace` gives it a value again.
  func take() -> Tensor {
    defer {
      value = .placeholder(value.shape)
      tracked = nil
    }
    return value
  }

  /// Sets another value of the same shape.
  public func replace(_ new: Tensor) {
    precondition(new.shape == value.shape, "a parameter of shape \(value.shape) cannot become \(new.shape)")
    value = new.detached
    tracked = nil
  }
}

/// The switch of `withoutGradients`, of the current task.
enum GradientRecording {
  /// True where parameters record gradients.
  @TaskLocal static var isOn = true
}

/// Runs `body` with parameters as plain values: no graph is recorded (PyTorch's `no_grad`).
public func withoutGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
  try GradientRecording.$isOn.withValue(false, operation: body)
}
