import Tensors

/// A tensor that training updates. The only class in a module: two modules that hold the same one share it.
public final class Parameter: @unchecked Sendable {  // written by the optimizer only, between steps
  /// The current value, without gradient.
  public private(set) var value: Tensor
  /// The operand that the running step differentiates; nil until the parameter is used.
  private var tracked: Tensor?
  /// Its kind.
  public let role: Role

  /// The kinds of parameters, by which an optimizer chooses those that decay; raw values are their plurals.
  public enum Role: String, CaseIterable, Sendable {
    /// Matrices of linear layers and kernels of convolutions.
    case weight = "weights"
    /// Numbers that are added to channels.
    case bias = "biases"
    /// Numbers that multiply channels or attention logits.
    case gain = "gains"
    /// Tables of learned vectors of classes, codes or levels.
    case embedding = "embeddings"
    /// Learned vectors of positions and scales, added to tokens.
    case position = "positions"
    /// The learned vector in place of a token.
    case maskToken = "mask-tokens"
    /// The vectors of a quantizer.
    case codebook = "codebooks"

    /// The roles without weight decay in most recipes.
    public static let usuallyUndecayed: [Role] = [.bias, .gain, .codebook]
  }

  /// A parameter of the given value; `role` nil: a weight where more than one axis is longer than 1, else a bias.
  public init(_ value: Tensor, role: Role? = nil) {
    self.value = value
    self.role = role ?? (value.shape.filter { $0 > 1 }.count > 1 ? .weight : .bias)
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
