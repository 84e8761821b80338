import Tensors

/// y = x W^T + b: [..., in] to [..., out].
public struct Linear: Module {
  /// [out, in]
  public let weight: Parameter
  /// [out]
  public let bias: Parameter?

  public init(
    from inputs: Int, to outputs: Int, hasBias: Bool = true, weight: Initialization = .glorot,
    bias: Initialization = .zeros,
    _ random: inout Random
  ) {
    self.weight = Parameter(weight([outputs, inputs], &random), decays: true)
    self.bias = hasBias ? Parameter(bias([outputs], &random), decays: false) : nil
  }

  /// x W^T + b, and `base` [..., out] if there is one.
  public func callAsFunction(_ x: Tensor, onto base: Tensor? = nil) -> Tensor {
    x.linear(weight(), bias?(), onto: base)
  }

  /// The same of bent numbers, without keeping them.
  public func callAsFunction(_ x: Tensor, after activation: Activation, onto base: Tensor? = nil) -> Tensor {
    x.linear(afterActivation: activation, weight(), bias?(), onto: base)
  }

  /// The same of x sigmoid(x) times a gate, without keeping that.
  public func callAsFunction(_ x: Tensor, afterSwiGLU gate: Tensor, onto base: Tensor? = nil) -> Tensor {
    x.linear(afterSwiGLU: gate, weight(), bias?(), onto: base)
  }

  /// The same of normed numbers, without keeping them.
  public func callAsFunction(_ x: Tensor, after norm: LayerNorm, by modulators: NormModulation? = nil) -> Tensor {
    x.linear(
      afterNorm: norm.weight?(), norm.bias?(), epsilon: norm.epsilon, modulation: modulators, weight(), bias?())
  }
}
