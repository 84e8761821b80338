import Tensors

/// The two-layer network of a block.
public enum MLPActivation: String, CaseIterable, Sendable {
  /// contract(gelu(expand x)), with the exact GELU (Hendrycks and Gimpel 2016, arXiv 1606.08415).
  case gelu
  /// The same with its tanh form, as VAR has it.
  case geluTanh = "gelu-tanh"
  /// contract(silu(expand x) * gate x) (Shazeer 2020, arXiv 2002.05202), as LlamaGen has it.
  case swiglu

  /// The width inside: `ratio` times that of the block; with a gate two thirds of it, rounded up to a multiple, so that
  /// three matrices cost what two did (LlamaGen; Sun et al. 2024, arXiv 2406.06525).
  public func hiddenWidth(_ width: Int, ratio: Int, multipleOf multiple: Int) -> Int {
    switch self {
    case .gelu, .geluTanh: ratio * width
    case .swiglu: (2 * ratio * width / 3 + multiple - 1) / multiple * multiple
    }
  }

  public var hasGate: Bool { self == .swiglu }

  /// What lies between the layers: `expanded` [..., hidden], and what the gate says, if there is one.
  func bent(_ expanded: Tensor, gate: Tensor?) -> Tensor {
    gate.map { expanded.swiGLU($0) } ?? expanded.activated(activation)
  }

  /// What bends the expanded numbers.
  var activation: Activation {
    switch self {
    case .gelu: .gelu
    case .geluTanh: .geluTanh
    case .swiglu: .silu
    }
  }
}
