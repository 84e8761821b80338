import Glibc
import Tensors

/// The initial value of a parameter.
public enum Initialization: Sendable {
  /// All zeros.
  case zeros
  /// All ones.
  case ones
  /// Normal with mean 0.
  case normal(standardDeviation: Float)
  /// Uniform within +- sqrt(6 / (in + out)) (Glorot and Bengio 2010), as linear layers of the released MAR and FAR.
  case glorot
  /// Uniform within +- 1 / sqrt(in), as linear layers and convolutions of PyTorch.
  case uniformFanIn
  /// Normal with mean 0 and one standard deviation for each of as many equal chunks of the first axis.
  case chunks(standardDeviations: [Float])

  /// Draws a value of the given shape, whose first axis is "out" and all others together "in".
  public func callAsFunction(_ shape: [Int], _ random: inout Random) -> Tensor {
    guard Self.allocatesStorage else { return .unallocated(shape) }
    let fanOut = shape.first ?? 1, fanIn = shape.dropFirst().reduce(1, *)
    func uniform(_ limit: Float) -> Tensor { (draw(shape) { random.uniform($0, "weights") } * 2 - 1) * limit }
    return switch self {
    case .zeros: Tensor(zeros: shape)
    case .ones: Tensor(repeating: 1, shape: shape)
    case .normal(let deviation): draw(shape) { random.normal($0, "weights") } * deviation
    case .glorot: uniform((6 / Float(fanIn + fanOut)).squareRoot())
    case .uniformFanIn: uniform(1 / Float(max(1, fanIn)).squareRoot())
    case .chunks(let deviations):
      // [chunks, elements of a chunk]
      (draw([deviations.count, shape.product / deviations.count]) { random.normal($0, "weights") }
        * Tensor([deviations.count, 1], deviations)).reshaped(shape)
    }
  }

  /// Draws as for one sample: weights belong to no sample of a batch.
  private func draw(_ shape: [Int], _ source: ([Int]) -> Tensor) -> Tensor {
    source([1, shape.product]).reshaped(shape)
  }

  /// The switch of `withoutStorage`, of the current task.
  enum Storage {
    /// True where initial values are drawn and written.
    @TaskLocal static var isAllocated = true
  }
}

extension Initialization {
  /// False inside `withoutStorage`, where what takes memory or time is left out.
  public static var allocatesStorage: Bool { Storage.isAllocated }
}

/// Runs `body` so that the parameters it makes have shapes but no values (PyTorch's meta device): they take no memory,
/// and read as zeros.
///
/// For counting the parameters of models that would not fit; modules made in `body` must not be run.
public func withoutStorage<Result>(_ body: () throws -> Result) rethrows -> Result {
  try Initialization.Storage.$isAllocated.withValue(false, operation: body)
}
