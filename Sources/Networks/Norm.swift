import Tensors

/// One of the norms that transformers are built with.
public enum Norm: Module {
  case layer(LayerNorm)
  case rms(RMSNorm)

  public enum Kind: String, CaseIterable, Sendable { case layer, rms }

  /// `epsilon` nil: 1e-6 for layers, 1e-5 for the root mean square, as MAR and LlamaGen have them.
  public init(_ kind: Kind, _ width: Int, isLearned: Bool, epsilon: Float?) {
    self =
      switch kind {
      case .layer: .layer(LayerNorm(width, isLearned: isLearned, epsilon: epsilon ?? 1e-6))
      case .rms: .rms(RMSNorm(width, isLearned: isLearned, epsilon: epsilon ?? 1e-5))
      }
  }

  /// Itself where it is a layer norm.
  var layer: LayerNorm? {
    if case .layer(let norm) = self { norm } else { nil }
  }

  /// x [batch, places, width], each sample then moved by a row of the modulators.
  func callAsFunction(_ x: Tensor, by modulators: NormModulation?) -> Tensor {
    switch self {
    case .layer(let norm): norm(x, by: modulators)
    case .rms(let norm): modulators.map { norm(x).moved(by: $0) } ?? norm(x)
    }
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, by: nil) }
}
