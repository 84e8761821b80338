import Tensors

/// Who says how a condition moves the norms of a block (adaptive norms; Peebles and Xie 2022, arXiv 2212.09748).
public enum AdaptiveNorms: String, CaseIterable, Sendable {
  /// Nobody: norms have weights of their own.
  case none
  /// A linear layer in each block (VAR; Tian et al. 2024, arXiv 2404.02905).
  case perBlock = "per-block"
  /// One linear layer for all blocks, to which each adds six vectors of its own (VAR at 512 pixels).
  case shared
}

/// From a condition to what it does to a block: gates of attention and perceptron, scales and shifts of their norms.
public enum Modulation: Module {
  /// [6 width, width]
  case own(Linear)
  /// [6, width], added to what all blocks share.
  case shared(Parameter)

  /// `gate` and `rest`: deviations at the start of the weights that make gates, and of all others.
  init?(_ kind: AdaptiveNorms, _ width: Int, gate: Float, rest: Float, _ random: inout Random) {
    let deviations = [gate, gate, rest, rest, rest, rest]
    switch kind {
    case .none: return nil
    case .perBlock:
      self = .own(Linear(from: width, to: 6 * width, weight: .parts(deviations: deviations), &random))
    case .shared:
      self = .shared(
        Parameter(Initialization.parts(deviations: deviations)([6, width], &random), decays: false))
    }
  }

  /// `told` [batch, width] from a condition, or [batch, 6 width] from the layer that blocks share.
  func callAsFunction(_ told: Tensor) -> Moved {
    switch self {
    case .own(let linear): Moved(six: linear(told))
    case .shared(let own): Moved(six: told + own().reshaped([own.value.count]))
    }
  }

  /// The two parts of a block that are moved.
  enum Part: Int { case attention, perceptron }

  /// What a condition says to each sample.
  struct Moved {
    /// [batch, 6 width]: the gates of both parts, the scales of their norms, and the shifts of their norms.
    let six: Tensor

    private var width: Int { six.shape[1] / 6 }

    func norm(_ part: Part) -> NormModulation {
      NormModulation(six, shiftOffset: (4 + part.rawValue) * width, scaleOffset: (2 + part.rawValue) * width)
    }

    /// x + gate * y, both [batch, places, width].
    func added(_ y: Tensor, _ part: Part, to x: Tensor) -> Tensor {
      y.gated(by: six, offset: part.rawValue * width, residual: x)
    }
  }
}

/// A norm whose scale and shift a condition says: what stands before the head.
public struct AdaptiveNorm: Module {
  let norm: Norm
  /// [2 width, width]: scale, shift.
  public let modulation: Linear

  public init(_ norm: Norm, _ width: Int, deviation: Float, _ random: inout Random) {
    self.norm = norm
    modulation = Linear(from: width, to: 2 * width, weight: .normal(standardDeviation: deviation), &random)
  }

  /// x [batch, places, width], told [batch, width].
  public func callAsFunction(_ x: Tensor, _ told: Tensor) -> Tensor {
    norm(x, by: NormModulation(modulation(told), shiftOffset: x.shape[2], scaleOffset: 0))
  }
}

extension Tensor {
  /// self * (1 + scale) + shift, for self [batch, places, width].
  func moved(by modulation: NormModulation) -> Tensor {
    let width = shape[2]
    func part(_ start: Int) -> Tensor {
      modulation.tensor.sliced(start..<start + width, axis: 1).reshaped([shape[0], 1, width])
    }
    return self * (part(modulation.scaleOffset) + 1) + part(modulation.shiftOffset)
  }
}
