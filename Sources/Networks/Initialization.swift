import Glibc
import Tensors

/// What a fresh parameter holds.
public enum Initialization: Sendable {
  case zeros
  case ones
  /// Normal, mean 0.
  case normal(deviation: Float)
  /// Uniform within +- sqrt(6 / (in + out)) (Glorot and Bengio 2010), as the released MAR and FAR start linear layers.
  case glorot
  /// Uniform within +- 1 / sqrt(in), as PyTorch starts linear layers and convolutions.
  case uniformFanIn

  /// Numbers of this kind; the first axis of `shape` is "out", all others together are "in".
  public func callAsFunction(_ shape: [Int], _ random: inout Random) -> Tensor {
    let fanOut = shape.first ?? 1, fanIn = shape.dropFirst().reduce(1, *)
    func spread(_ limit: Float) -> Tensor { (draw(shape) { random.uniform($0, "weights") } * 2 - 1) * limit }
    return switch self {
    case .zeros: Tensor(zeros: shape)
    case .ones: Tensor(repeating: 1, shape: shape)
    case .normal(let deviation): draw(shape) { random.normal($0, "weights") } * deviation
    case .glorot: spread((6 / Float(fanIn + fanOut)).squareRoot())
    case .uniformFanIn: spread(1 / Float(max(1, fanIn)).squareRoot())
    }
  }

  /// Weights belong to no sample: they are drawn as those of one.
  private func draw(_ shape: [Int], _ source: ([Int]) -> Tensor) -> Tensor {
    source([1, shape.product]).reshaped(shape)
  }
}
