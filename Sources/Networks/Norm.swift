import Tensors

/// A norm over the channels of tokens, of the kind that a transformer is built with.
public enum Norm: Module {
  /// Layer normalization.
  case layer(LayerNorm)
  /// Root-mean-square normalization.
  case rms(RMSNorm)

  /// The kinds of norms that settings name.
  public enum Kind: String, CaseIterable, Sendable {
    /// Layer normalization (Ba et al. 2016, arXiv 1607.06450).
    case layer
    /// Root-mean-square normalization (Zhang and Sennrich 2019, arXiv 1910.07467).
    case rms
  }

  /// A norm over `width` channels, with weights of its own where `isLearned`. `epsilon` nil: 1e-6 for layer norms and
  /// 1e-5 for root-mean-square norms, as in MAR and LlamaGen.
  public init(_ kind: Kind, _ width: Int, isLearned: Bool, epsilon: Float?) {
    self =
      switch kind {
      case .layer: .layer(LayerNorm(width, isLearned: isLearned, epsilon: epsilon ?? 1e-6))
      case .rms: .rms(RMSNorm(width, isLearned: isLearned, epsilon: epsilon ?? 1e-5))
      }
  }

  /// Returns the normalized x [batch, positions, width], modulated where there are modulators.
  func callAsFunction(_ x: Tensor, by modulators: NormModulation?) -> Tensor {
    switch self {
    case .layer(let norm): norm(x, by: modulators)
    case .rms(let norm): modulators.map { norm(x).modulated(by: $0) } ?? norm(x)
    }
  }

  /// Returns the normalized x [..., width].
  public func callAsFunction(_ x: Tensor) -> Tensor { self(x, by: nil) }
}

extension Tensor {
  /// Returns self * (1 + scale) + shift, for self [batch, positions, width] and one row of modulators per sample or per
  /// position.
  fileprivate func modulated(by modulation: NormModulation) -> Tensor {
    let width = shape[2]
    func chunk(_ start: Int) -> Tensor {
      modulation.tensor.sliced(start..<start + width, axis: 1).reshaped([
        shape[0], modulation.tensor.shape[0] / shape[0], width,
      ])
    }
    return self * (chunk(modulation.scaleOffset) + 1) + chunk(modulation.shiftOffset)
  }
}
