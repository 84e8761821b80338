import Glibc
import Tensors

/// What a fresh parameter holds.
public enum Initialization: Sendable {
  case zeros
  case ones
  /// Normal, mean 0.
  case normal(standardDeviation: Float)
  /// Uniform within +- sqrt(6 / (in + out)) (Glorot and Bengio 2010), as the released MAR and FAR start linear layers.
  case glorot
  /// Uniform within +- 1 / sqrt(in), as PyTorch starts linear layers and convolutions.
  case uniformFanIn
  /// Normal, mean 0, with a deviation for each of so many equal parts of the first axis.
  case parts(deviations: [Float])

  /// Numbers of this kind; the first axis of `shape` is "out", all others together are "in".
  public func callAsFunction(_ shape: [Int], _ random: inout Random) -> Tensor {
    guard !Outline.isOn else { return Tensor(unfilled: shape) { _ in } }
    let fanOut = shape.first ?? 1, fanIn = shape.dropFirst().reduce(1, *)
    func spread(_ limit: Float) -> Tensor { (draw(shape) { random.uniform($0, "weights") } * 2 - 1) * limit }
    return switch self {
    case .zeros: Tensor(zeros: shape)
    case .ones: Tensor(repeating: 1, shape: shape)
    case .normal(let deviation): draw(shape) { random.normal($0, "weights") } * deviation
    case .glorot: spread((6 / Float(fanIn + fanOut)).squareRoot())
    case .uniformFanIn: spread(1 / Float(max(1, fanIn)).squareRoot())
    case .parts(let deviations):
      (draw([deviations.count, shape.product / deviations.count]) { random.normal($0, "weights") }
        * Tensor([deviations.count, 1], deviations)).reshaped(shape)
    }
  }

  /// Weights belong to no sample: they are drawn as those of one.
  private func draw(_ shape: [Int], _ source: ([Int]) -> Tensor) -> Tensor {
    source([1, shape.product]).reshaped(shape)
  }
}

/// Whether fresh parameters have a shape but no numbers.
enum Outline {
  @TaskLocal static var isOn = false
}

/// Runs `body` so that the parameters it makes have shapes but no numbers: memory is named, never touched.
///
/// For counting the parameters of what would not fit; nothing made in here may be run.
public func withoutStorage<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Outline.$isOn.withValue(true, operation: body)
}
