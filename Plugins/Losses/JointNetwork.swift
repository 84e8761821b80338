import Networks
import Tensors

/// The transformer that moves all tokens of a group at once (FlowAR's SimpleTransformerAdaLN; Ren et al. 2024,
/// arXiv 2412.15205). The hidden state of each token and the time modulate the norms at its position (spatial adaLN).
struct JointNetwork: Module {
  /// Without a weight, as those of the blocks.
  let norm: RMSNorm
  let timeIn: Linear
  let timeOut: Linear
  let context: Linear
  let input: Linear
  let blocks: [Block]
  let lastModulation: Linear
  let output: Linear

  /// Attention among the tokens of a group and an MLP gated by GELU, each after a modulated root-mean-square norm.
  struct Block: Module {
    let norm: RMSNorm
    let attention: Attention
    let expand: Linear
    let gate: Linear
    let contract: Linear
    /// Gates of attention and MLP, scales, and shifts, [width] each.
    let modulation: Linear

    init(_ width: Int, heads: Int, _ random: inout Random) {
      norm = RMSNorm(width, isLearned: false, epsilon: 1e-6)
      var design = Attention.Design(heads: heads)
      design.bias = .none
      attention = Attention(width, design, weight: .glorot, output: .glorot, &random)
      let hidden = 8 * width / 3
      expand = Linear(from: width, to: hidden, &random)
      gate = Linear(from: width, to: hidden, &random)
      contract = Linear(from: hidden, to: width, &random)
      modulation = Linear(from: width, to: 6 * width, &random)
    }

    /// x and the activated condition [groups, size, width]; [groups, size, width].
    func callAsFunction(_ x: Tensor, _ condition: Tensor, _ inputs: AttentionInputs) -> Tensor {
      let width = x.shape[2], m = modulation(condition)
      func chunk(_ index: Int) -> Tensor { m.sliced(index * width..<(index + 1) * width, axis: 2) }
      func modulated(_ x: Tensor, scale: Int, shift: Int) -> Tensor {
        norm(x) * (chunk(scale) + 1) + chunk(shift)
      }
      var none: Random?
      let y = x + attention(modulated(x, scale: 2, shift: 4), inputs, &none) * chunk(0)
      let normed = modulated(y, scale: 3, shift: 5)
      return y + contract(gate(normed).activated(.gelu) * expand(normed)) * chunk(1)
    }
  }

  /// A network of `width` and `depth` for tokens of `tokenWidth` numbers, conditioned on `hidden` features.
  init(tokenWidth: Int, hidden: Int, width: Int, depth: Int, heads: Int, _ random: inout Random) {
    norm = RMSNorm(width, isLearned: false, epsilon: 1e-6)
    timeIn = Linear(from: 256, to: width, weight: .normal(standardDeviation: 0.02), &random)
    timeOut = Linear(from: width, to: width, weight: .normal(standardDeviation: 0.02), &random)
    context = Linear(from: hidden, to: width, &random)
    input = Linear(from: tokenWidth, to: width, &random)
    blocks = (0..<depth).map { _ in Block(width, heads: heads, &random) }
    lastModulation = Linear(from: width, to: 2 * width, &random)
    output = Linear(from: width, to: tokenWidth, weight: .zeros, &random)
  }

  /// Velocities of tokens x [groups, size, token width] at one time a group, or one for all, from the context
  /// embeddings [groups, size, width]: [groups, size, token width].
  func callAsFunction(_ x: Tensor, context: Tensor, times: [Float], _ inputs: AttentionInputs) -> Tensor {
    let sinusoids = DenoisingNetwork.sinusoids(at: times.map { 1000 * Double($0) })
    let time = timeOut(timeIn(sinusoids).activated(.silu)), width = time.shape[1]
    let condition = (context + time.reshaped([times.count, 1, width])).activated(.silu)
    var x = input(x)
    for block in blocks { x = block(x, condition, inputs) }
    let m = lastModulation(condition)
    return output(
      norm(x) * (m.sliced(width..<2 * width, axis: 2) + 1) + m.sliced(0..<width, axis: 2))
  }
}
