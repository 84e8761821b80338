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
      let shift = m.sliced(0..<width, axis: 1), scale = m.sliced(width..<2 * width, axis: 1)
      let gate = m.sliced(2 * width..<3 * width, axis: 1)
      return x + gate * second(first(norm(x) * (scale + 1) + shift).activated(.silu))
    }
  }

  init(
    tokenWidth: Int, outputs: Int, hidden: Int, width: Int, depth: Int, levels: Levels, levelCount: Int,
    _ random: inout Random
  ) {
    timeIn = Linear(from: 256, to: width, weight: .normal(deviation: 0.02), &random)
    timeOut = Linear(from: width, to: width, weight: .normal(deviation: 0.02), &random)
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

  /// What timesteps say: [n, width].
  func timeEmbedding(_ timesteps: [Int]) -> Tensor { timeOut(timeIn(Self.waves(timesteps)).activated(.silu)) }

  /// What context [n, hidden] and levels [n] say: [n, width]. Does not change while a token is denoised.
  func contextEmbedding(_ z: Tensor, levels: [Int]) -> Tensor {
    var sum = context(z)
    if let levelScalar { sum = sum + levelScalar(Tensor([levels.count, 1], levels.map(Float.init))) }
    if let levelVector { sum = sum + levelVector([levels]).reshaped([levels.count, sum.shape[1]]) }
    return sum
  }

  /// x [n, token width] and the sum of both embeddings [n, width]; [n, outputs].
  func callAsFunction(_ x: Tensor, _ embedding: Tensor) -> Tensor {
    let condition = embedding.activated(.silu)
    var x = input(x)
    for block in blocks { x = block(x, condition) }
    let width = x.shape[1], m = lastModulation(condition)
    let scale = m.sliced(width..<2 * width, axis: 1), shift = m.sliced(0..<width, axis: 1)
    return output(x.layerNorm(nil, nil, epsilon: 1e-6) * (scale + 1) + shift)
  }
}

extension DenoisingNetwork {
  /// The same for times between timesteps.
  static func waves(at times: [Double]) -> Tensor {
    // In double precision: arguments up to 999 would lose four digits.
    let frequencies = (0..<128).map { exp(-log(10_000.0) * Double($0) / 128) }
    return Tensor(
      [times.count, 256],
      times.flatMap { t in frequencies.map { Float(cos(t * $0)) } + frequencies.map { Float(sin(t * $0)) } })
  }

  /// What times between timesteps say: [n, width].
  func timeEmbedding(at times: [Double]) -> Tensor { timeOut(timeIn(Self.waves(at: times)).activated(.silu)) }
}
