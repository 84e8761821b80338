import Glibc
import Networks
import Tensors

/// The small perceptron that denoises one token, steered by timestep and context through adaptive layer norms
/// (MAR's SimpleMLPAdaLN; Li et al. 2024, arXiv 2406.11838, section 3.3).
struct DenoisingNetwork: Module {
  /// How the direction's level reaches the network.
  enum Levels: String, CaseIterable, Sendable {
    case none
    /// The number itself through a linear layer, as the released FAR does.
    case scalar
    /// A learned vector per level.
    case embedding
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

  /// One residual step: norm, shift and scale, two layers, gate.
  struct Block: Module {
    let norm: LayerNorm
    let first: Linear
    let second: Linear
    /// shift, scale and gate, each [width].
    let modulation: Linear

    init(_ width: Int, _ random: inout Random) {
      norm = LayerNorm(width)
      first = Linear(from: width, to: width, &random)
      second = Linear(from: width, to: width, &random)
      modulation = Linear(from: width, to: 3 * width, weight: .zeros, &random)
    }

    func callAsFunction(_ x: Tensor, _ condition: Tensor) -> Tensor {
      let width = x.shape[1], m = modulation(condition)
      let hidden = first(x, after: norm, by: Modulators(m, shift: 0, scale: width))
      return second(hidden, after: .silu).gated(by: m, at: 2 * width, over: x)
    }
  }

  init(
    tokenWidth: Int, outputs: Int, hidden: Int, width: Int, depth: Int, levels: Levels, levelCount: Int,
    _ random: inout Random
  ) {
    timeIn = Linear(from: 256, to: width, weight: .normal(standardDeviation: 0.02), &random)
    timeOut = Linear(from: width, to: width, weight: .normal(standardDeviation: 0.02), &random)
    context = Linear(from: hidden, to: width, &random)
    levelScalar = levels == .scalar ? Linear(from: 1, to: width, &random) : nil
    levelVector = levels == .embedding ? Embedding(levelCount, width: width, &random) : nil
    input = Linear(from: tokenWidth, to: width, &random)
    blocks = (0..<depth).map { _ in Block(width, &random) }
    lastModulation = Linear(from: width, to: 2 * width, weight: .zeros, &random)
    output = Linear(from: width, to: outputs, weight: .zeros, &random)
  }

  /// [cos(t f_i), sin(t f_i)] with f_i = 10000^(-i / 128): timesteps [n]; [n, 256].
  static func waves(_ timesteps: [Int]) -> Tensor {
    waves(at: timesteps.map(Double.init))
  }

  /// Those of the first thousand timesteps, which every schedule takes its own from.
  private static let known = waves(Array(0..<1000))

  /// What timesteps say: [n, width].
  func timeEmbedding(_ timesteps: [Int]) -> Tensor {
    let isKnown = (timesteps.max() ?? 0) < Self.known.shape[0]
    let waves =
      isKnown ? Self.known.rows([timesteps]).reshaped([timesteps.count, 256]) : Self.waves(timesteps)
    return timeOut(timeIn(waves).activated(.silu))
  }

  /// What a context, of which each row has its own number, and a timestep for each row say together: [rows, width].
  ///
  /// Each timestep is embedded once, however many rows share it.
  func embedding(_ context: Tensor, of rows: [Int], at timesteps: [Int]) -> Tensor {
    let distinct = Set(timesteps).sorted()
    var places = Array(repeating: 0, count: (distinct.last ?? 0) + 1)
    for (place, timestep) in distinct.enumerated() { places[timestep] = place }
    return Tensor.summedRows([(context, rows), (timeEmbedding(distinct), timesteps.map { places[$0] })])
  }

  /// What context [n, hidden] and levels [n] say: [n, width]. Does not change while a token is denoised.
  func contextEmbedding(_ z: Tensor, levels: [Int]) -> Tensor {
    var sum = context(z)
    if let levelScalar { sum = sum + levelScalar(Tensor([levels.count, 1], levels.map(Float.init))) }
    if let levelVector { sum = sum + levelVector([levels]).reshaped([levels.count, sum.shape[1]]) }
    return sum
  }

  /// x [n, token width] and the sum of both embeddings [k n, width], which says the same x k times; [k n, outputs].
  func callAsFunction(_ x: Tensor, _ embedding: Tensor) -> Tensor {
    let condition = embedding.activated(.silu)
    let copies = embedding.shape[0] / max(1, x.shape[0]), own = input(x)
    var x = copies == 1 ? own : Tensor.concatenated(Array(repeating: own, count: copies), axis: 0)
    for block in blocks { x = block(x, condition) }
    let width = x.shape[1], m = lastModulation(condition)
    return output(x.layerNorm(nil, nil, epsilon: 1e-6, by: Modulators(m, shift: 0, scale: width)))
  }
}

extension DenoisingNetwork {
  /// The same for times between timesteps.
  static func waves(at times: [Double]) -> Tensor {
    // In double precision: arguments up to 999 would lose four digits.
    let frequencies = (0..<128).map { exp(-log(10_000.0) * Double($0) / 128) }
    return Tensor.rowwise([Tensor([times.count], times.map { _ in 0 })], outputs: [256], cost: 10_000) { row, _, to in
      for (i, frequency) in frequencies.enumerated() {
        to[0][i] = Float(cos(times[row] * frequency))
        to[0][128 + i] = Float(sin(times[row] * frequency))
      }
    }[0]
  }

  /// What times between timesteps say: [n, width].
  func timeEmbedding(at times: [Double]) -> Tensor { timeOut(timeIn(Self.waves(at: times)).activated(.silu)) }
}
