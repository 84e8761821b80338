import Tensors

/// A fully connected layer, y = x W^T + b: [..., in] to [..., out].
///
/// The forms with an activation or a norm in front compute it inside the product, without storing its result.
public struct Linear: Module {
  /// [out, in]
  public let weight: Parameter
  /// [out]; nil: no bias.
  public let bias: Parameter?

  /// A layer from `inputs` to `outputs` channels.
  public init(
    from inputs: Int, to outputs: Int, hasBias: Bool = true, weight: Initialization = .glorot,
    bias: Initialization = .zeros, _ random: inout Random
  ) {
    self.weight = Parameter(weight([outputs, inputs], &random), role: .weight)
    self.bias = hasBias ? Parameter(bias([outputs], &random), role: .bias) : nil
  }

  /// A layer whose weight [out, in] is that of another module, with a bias of its own, zeros at first, where `hasBias`.
  public init(sharing weight: Parameter, hasBias: Bool) {
    self.weight = weight
    bias = hasBias ? Parameter(Tensor(zeros: [weight.value.shape[0]]), role: .bias) : nil
  }

  /// Returns x W^T + b, plus `base` [..., out] where there is one.
  public func callAsFunction(_ x: Tensor, onto base: Tensor? = nil) -> Tensor {
    x.linear(weight(), bias?(), onto: base)
  }

  /// Returns f(x) W^T + b for an activation f, plus `base` [..., out] where there is one.
  public func callAsFunction(_ x: Tensor, after activation: Activation, onto base: Tensor? = nil) -> Tensor {
    x.linear(afterActivation: activation, weight(), bias?(), onto: base)
  }

  /// Returns (silu(x) * gate) W^T + b, plus `base` [..., out] where there is one; `gate` has the shape of x.
  public func callAsFunction(_ x: Tensor, afterSwiGLU gate: Tensor, onto base: Tensor? = nil) -> Tensor {
    x.linear(afterSwiGLU: gate, weight(), bias?(), onto: base)
  }

  /// Returns norm(x) W^T + b, the normalized x modulated where there are modulators.
  public func callAsFunction(_ x: Tensor, after norm: LayerNorm, by modulators: NormModulation? = nil) -> Tensor {
    x.linear(
      afterNorm: norm.weight?(), norm.bias?(), epsilon: norm.epsilon, modulation: modulators, weight(), bias?())
  }

  /// Returns norm(x) W^T + b; a layer norm is computed inside the product, a root-mean-square norm before it.
  func callAsFunction(_ x: Tensor, after norm: Norm, by modulators: NormModulation?) -> Tensor {
    switch norm {
    case .layer(let layerNorm): self(x, after: layerNorm, by: modulators)
    case .rms: self(norm(x, by: modulators))
    }
  }
}
