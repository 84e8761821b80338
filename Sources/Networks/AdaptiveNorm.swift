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
    let six =
      switch self {
      case .own(let linear): linear(told)
      case .shared(let own): told + own().reshaped([own.value.count])
      }
    let width = six.shape[1] / 6
    let parts = (0..<6).map { part in
      six.sliced(part * width..<(part + 1) * width, axis: 1).reshaped([six.shape[0], 1, width])
    }
    return Moved(
      gates: (parts[0], parts[1]), scales: (parts[2], parts[3]), shifts: (parts[4], parts[5]))
  }

  /// For attention and for the perceptron, each [batch, 1, width].
  struct Moved {
    let gates: (Tensor, Tensor)
    let scales: (Tensor, Tensor)
    let shifts: (Tensor, Tensor)
  }
}

/// A norm whose scale and shift a condition says: what stands before the head.
public struct AdaptiveNorm: Module {
  let norm: Norm
  /// [2 width, width]: scale, shift.
  public let modulation: Linear

  public init(_ norm: Norm, _ width: Int, deviation: Float, _ random: inout Random) {
    self.norm = norm
    modulation = Linear(from: width, to: 2 * width, weight: .normal(deviation: deviation), &random)
  }

  /// x [batch, places, width], told [batch, width].
  public func callAsFunction(_ x: Tensor, _ told: Tensor) -> Tensor {
    let two = modulation(told), width = x.shape[2]
    return norm(x).moved(
      two.sliced(0..<width, axis: 1).reshaped([x.shape[0], 1, width]),
      two.sliced(width..<2 * width, axis: 1).reshaped([x.shape[0], 1, width]))
  }
}

extension Tensor {
  func moved(_ scale: Tensor, _ shift: Tensor) -> Tensor { self * (scale + 1) + shift }
}
