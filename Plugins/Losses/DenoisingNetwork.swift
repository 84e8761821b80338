import Glibc
import Networks
import Tensors

/// The MLP that denoises one token, conditioned on timestep and context through adaptive layer norms (MAR's
/// SimpleMLPAdaLN; Li et al. 2024, arXiv 2406.11838, section 3.3).
struct DenoisingNetwork: Module {
  /// The conditioning of the network on the level of a token.
  enum LevelConditioning: String, CaseIterable, Sendable {
    case none
    /// The index of the level through a linear layer, as in the released FAR.
    case scalar
    /// A learned vector for each level.
    case embedding
  }

  /// Sizes of the network.
  struct Dimensions {
    /// Channels of a token.
    var tokenWidth: Int
    /// Outputs for each token.
    var outputs: Int
    /// Width of the backbone's hidden features, the context.
    var hidden: Int
    var width: Int
    /// Residual blocks.
    var depth: Int
    var levelConditioning: LevelConditioning
    var levels: Int
  }

  let timeIn: Linear
  let timeOut: Linear
  let context: Linear
  let levelScalar: Linear?
  let levelVector: Embedding?
  let input: Linear
  let blocks: [Block]
  let lastModulation: Linear
  let output: Linear

  /// One residual block: x + gate * MLP(modulate(norm(x), shift, scale)).
  struct Block: Module {
    let norm: LayerNorm
    let first: Linear
    let second: Linear
    /// shift, scale and gate, [width] each.
    let modulation: Linear

    init(_ width: Int, _ random: inout Random) {
      norm = LayerNorm(width)
      first = Linear(from: width, to: width, &random)
      second = Linear(from: width, to: width, &random)
      modulation = Linear(from: width, to: 3 * width, weight: .zeros, &random)
    }

    /// x and condition [n, width]; [n, width].
    func callAsFunction(_ x: Tensor, _ condition: Tensor) -> Tensor {
      let width = x.shape[1], m = modulation(condition)  // [n, 3 width]
      let hidden = first(x, after: norm, by: NormModulation(m, shiftOffset: 0, scaleOffset: width))
      return second(hidden, after: .silu).gated(by: m, offset: 2 * width, residual: x)
    }
  }

  init(_ size: Dimensions, _ random: inout Random) {
    let width = size.width
    timeIn = Linear(from: 256, to: width, weight: .normal(standardDeviation: 0.02), &random)
    timeOut = Linear(from: width, to: width, weight: .normal(standardDeviation: 0.02), &random)
    context = Linear(from: size.hidden, to: width, &random)
    levelScalar = size.levelConditioning == .scalar ? Linear(from: 1, to: width, &random) : nil
    levelVector = size.levelConditioning == .embedding ? Embedding(size.levels, width: width, &random) : nil
    input = Linear(from: size.tokenWidth, to: width, &random)
    blocks = (0..<size.depth).map { _ in Block(width, &random) }
    lastModulation = Linear(from: width, to: 2 * width, weight: .zeros, &random)
    output = Linear(from: width, to: size.outputs, weight: .zeros, &random)
  }

  // MARK: Conditions

  /// Sinusoidal embeddings of timesteps [n], [cos(t f_i), sin(t f_i)] with f_i = 10000^(-i / 128): [n, 256].
  static func sinusoids(_ timesteps: [Int]) -> Tensor {
    sinusoids(at: timesteps.map(Double.init))
  }

  /// Sinusoidal embeddings of fractional timesteps [n]: [n, 256].
  static func sinusoids(at times: [Double]) -> Tensor {
    // In double precision: arguments up to 999 would lose four digits.
    let frequencies = (0..<128).map { exp(-log(10_000.0) * Double($0) / 128) }
    return Tensor.rowwise([Tensor([times.count], times.map { _ in 0 })], outputs: [256], cost: 10_000) { row, _, to in
      for (i, frequency) in frequencies.enumerated() {
        to[0][i] = Float(cos(times[row] * frequency))
        to[0][128 + i] = Float(sin(times[row] * frequency))
      }
    }[0]
  }

  /// The embeddings of the timesteps of every schedule, [1000, 256].
  private static let table = sinusoids(Array(0..<1000))

  /// Embeddings of timesteps [n]: [n, width].
  func timeEmbedding(_ timesteps: [Int]) -> Tensor {
    let isInTable = (timesteps.max() ?? 0) < Self.table.shape[0]
    let sinusoids =
      isInTable ? Self.table.rows([timesteps]).reshaped([timesteps.count, 256]) : Self.sinusoids(timesteps)
    return timeOut(timeIn(sinusoids).activated(.silu))
  }

  /// Embeddings of fractional timesteps [n]: [n, width].
  func timeEmbedding(at times: [Double]) -> Tensor { timeOut(timeIn(Self.sinusoids(at: times)).activated(.silu)) }

  /// Embeddings of context [n, hidden] and levels [n]: [n, width]. Constant while a token is denoised.
  func contextEmbedding(_ z: Tensor, levels: [Int]) -> Tensor {
    var sum = context(z)
    if let levelScalar { sum = sum + levelScalar(Tensor([levels.count, 1], levels.map(Float.init))) }
    if let levelVector { sum = sum + levelVector([levels]).reshaped([levels.count, sum.shape[1]]) }
    return sum
  }

  /// The sum of row `rows[i]` of the context embeddings [n, width] and of the embedding of timestep `timesteps[i]`, for
  /// each i: [rows, width]. Each timestep is embedded once, however many rows it occurs in.
  func embedding(_ context: Tensor, of rows: [Int], at timesteps: [Int]) -> Tensor {
    let distinct = Set(timesteps).sorted()
    var indices = Array(repeating: 0, count: (distinct.last ?? 0) + 1)
    for (index, timestep) in distinct.enumerated() { indices[timestep] = index }
    return Tensor.summedRows([(context, rows), (timeEmbedding(distinct), timesteps.map { indices[$0] })])
  }

  // MARK: Network

  /// Noisy tokens x [n, token width] and the sum of both embeddings [k n, width], where x is repeated k times;
  /// [k n, outputs].
  func callAsFunction(_ x: Tensor, _ embedding: Tensor) -> Tensor {
    let condition = embedding.activated(.silu)
    let copies = embedding.shape[0] / max(1, x.shape[0]), features = input(x)
    var x = copies == 1 ? features : Tensor.concatenated(Array(repeating: features, count: copies), axis: 0)
    for block in blocks { x = block(x, condition) }
    let width = x.shape[1], m = lastModulation(condition)  // [k n, 2 width]
    return output(
      x.layerNorm(nil, nil, epsilon: 1e-6, modulation: NormModulation(m, shiftOffset: 0, scaleOffset: width)))
  }
}
