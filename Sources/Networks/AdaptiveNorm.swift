import Tensors

/// The source of the modulation of a block's norms (adaLN; Peebles and Xie 2022, DiT, arXiv 2212.09748).
public enum AdaptiveNorms: String, CaseIterable, Sendable {
  /// No modulation: norms have weights of their own.
  case none
  /// A linear layer of the conditioning vector in each block (VAR; Tian et al. 2024, arXiv 2404.02905).
  case perBlock = "per-block"
  /// One linear layer for all blocks; each block adds six learned vectors (VAR at 512 pixels).
  case shared
}

/// The adaLN layer of one block: from the conditioning vector to gates, scales and shifts of attention and MLP.
public enum BlockModulation: Module {
  /// A layer of the block itself, weight [6 width, width].
  case perBlock(Linear)
  /// [6, width], added to the output of the layer that all blocks share.
  case shared(Parameter)

  /// The layer of the given kind; nil for `none`. Weights start normal: those of the two gates with `gateDeviation`,
  /// those of scales and shifts with `modulationDeviation`.
  init?(
    _ kind: AdaptiveNorms, width: Int, gateDeviation: Float, modulationDeviation: Float, _ random: inout Random
  ) {
    let initial = Initialization.chunks(
      standardDeviations: [gateDeviation, gateDeviation] + Array(repeating: modulationDeviation, count: 4))
    switch kind {
    case .none: return nil
    case .perBlock: self = .perBlock(Linear(from: width, to: 6 * width, weight: initial, &random))
    case .shared: self = .shared(Parameter(initial([6, width], &random), role: .bias))
    }
  }

  /// Returns the modulation of each sample or position for `conditioning` [entries, width], or [entries, 6 width] where
  /// it is the output of the layer that blocks share.
  func callAsFunction(_ conditioning: Tensor) -> Values {
    switch self {
    case .perBlock(let linear): Values(chunks: linear(conditioning))
    case .shared(let offsets): Values(chunks: conditioning + offsets().reshaped([offsets.value.count]))
    }
  }

  /// The two residual branches of a block; the raw value is the offset among gates, scales and shifts.
  enum Branch: Int {
    /// Attention after the first norm.
    case attention
    /// The MLP after the second norm.
    case mlp
  }

  /// The modulation of each sample, or of each position.
  struct Values {
    /// [entries, 6 width]: gates of attention and MLP, scales of their norms, shifts of their norms.
    let chunks: Tensor

    private var width: Int { chunks.shape[1] / 6 }

    /// The scale and shift of the norm before a branch.
    func norm(_ branch: Branch) -> NormModulation {
      NormModulation(
        chunks, shiftOffset: (4 + branch.rawValue) * width, scaleOffset: (2 + branch.rawValue) * width)
    }

    /// Returns x + gate * y, both [batch, positions, width].
    func gated(_ y: Tensor, _ branch: Branch, onto x: Tensor) -> Tensor {
      y.gated(by: chunks, offset: branch.rawValue * width, residual: x)
    }
  }
}

/// A norm whose scale and shift are a linear function of the conditioning vector: the one before the head (adaLN).
public struct AdaptiveNorm: Module {
  let norm: Norm
  /// Weight [2 width, width]: scale, then shift.
  public let modulation: Linear

  /// The norm over `width` channels; weights of its modulation start normal with the given deviation.
  public init(_ norm: Norm, _ width: Int, standardDeviation: Float, _ random: inout Random) {
    self.norm = norm
    modulation = Linear(
      from: width, to: 2 * width, weight: .normal(standardDeviation: standardDeviation), &random)
  }

  /// Returns norm(x) (1 + scale) + shift, for x [batch, positions, width] and conditioning [batch, width], or
  /// [batch positions, width].
  public func callAsFunction(_ x: Tensor, _ conditioning: Tensor) -> Tensor {
    norm(x, by: NormModulation(modulation(conditioning), shiftOffset: x.shape[2], scaleOffset: 0))
  }
}
