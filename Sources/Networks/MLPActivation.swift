import Tensors

/// The activation between the two layers of an MLP; a gated one adds a third layer.
public enum MLPActivation: String, CaseIterable, Sendable {
  /// contract(gelu(expand(x))), with the exact GELU (Hendrycks and Gimpel 2016, arXiv 1606.08415).
  case gelu
  /// GELU in its tanh approximation, as in VAR.
  case geluTanh = "gelu-tanh"
  /// contract(silu(expand(x)) * gate(x)) (SwiGLU; Shazeer 2020, arXiv 2002.05202), as in LlamaGen.
  case swiglu

  /// Returns the width of the hidden layer: `ratio` times that of the block. With a gate it is two thirds of that,
  /// rounded up to a multiple of `multiple`, so that three matrices cost what two did (LlamaGen; Sun et al. 2024,
  /// arXiv 2406.06525).
  public func hiddenWidth(_ width: Int, ratio: Int, multipleOf multiple: Int) -> Int {
    switch self {
    case .gelu, .geluTanh: ratio * width
    case .swiglu: (2 * ratio * width / 3 + multiple - 1) / multiple * multiple
    }
  }

  /// True where the MLP has a third layer, whose output multiplies the activation.
  public var hasGate: Bool { self == .swiglu }

  /// Returns the activation of `expanded` [..., hidden], times `gate` [..., hidden] where there is one.
  func callAsFunction(_ expanded: Tensor, gate: Tensor?) -> Tensor {
    gate.map { expanded.swiGLU($0) } ?? expanded.activated(function)
  }

  /// The elementwise function.
  public var function: Activation {
    switch self {
    case .gelu: .gelu
    case .geluTanh: .geluTanh
    case .swiglu: .silu
    }
  }
}
