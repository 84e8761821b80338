import Tensors

/// Numbers that training moves. The only class in a module: two modules that hold one share it.
public final class Parameter: @unchecked Sendable {  // written by the optimizer only, between steps
  /// The numbers now.
  public private(set) var value: Tensor
  /// What the running step differentiates; nil until used.
  private var inUse: Tensor?
  /// Whether weight decay applies; by convention not to vectors (biases, norms).
  public let decays: Bool

  public init(_ value: Tensor, decays: Bool? = nil) {
    self.value = value
    self.decays = decays ?? (value.shape.filter { $0 > 1 }.count > 1)
  }

  /// The value as an operand: with a way back, unless inside `withoutGradients`.
  public func callAsFunction() -> Tensor {
    guard Recording.isOn else { return value }
    if let inUse { return inUse }
    let tracked = value.tracked
    inUse = tracked
    return tracked
  }

  /// The value, taken out: until another is put in its place the parameter must not be used.
  func take() -> Tensor {
    defer {
      value = .placeholder(value.shape)
      inUse = nil
    }
    return value
  }

  /// Puts other numbers of the same shape in its place.
  public func replace(_ new: Tensor) {
    precondition(new.shape == value.shape, "a parameter of shape \(value.shape) cannot become \(new.shape)")
    value = new.detached
    inUse = nil
  }
}

/// Whether parameters are given out with a way back.
enum Recording {
  @TaskLocal static var isOn = true
}

/// Runs `body` with parameters as plain numbers: no graph grows, nothing is kept.
public func withoutGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Recording.$isOn.withValue(false, operation: body)
}
