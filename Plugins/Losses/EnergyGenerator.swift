import Networks
import Tensors

/// The MLP that maps a hidden state and noise to a token in one evaluation (EAR's SimpleMLPAdaLN; Shao et al. 2025,
/// arXiv 2505.07812). Its blocks are those of `DenoisingNetwork` with the parts exchanged: the hidden state is the
/// input, the noise modulates the norms.
struct EnergyGenerator: Module {
  let context: Linear
  let noise: Linear
  let blocks: [DenoisingNetwork.Block]
  let lastModulation: Linear
  let output: Linear

  /// A generator of `width` and `depth` from `hidden` features and `noiseChannels` numbers to `outputs` numbers.
  init(hidden: Int, noiseChannels: Int, width: Int, depth: Int, outputs: Int, _ random: inout Random) {
    context = Linear(from: hidden, to: width, &random)
    noise = Linear(from: noiseChannels, to: width, &random)
    blocks = (0..<depth).map { _ in DenoisingNetwork.Block(width, &random) }
    lastModulation = Linear(from: width, to: 2 * width, weight: .zeros, &random)
    output = Linear(from: width, to: outputs, weight: .zeros, &random)
  }

  /// Features of hidden states [n, width] and noise [n, noise channels]; tokens [n, outputs].
  ///
  /// The temperature scales the shifts of the blocks' norms.
  func callAsFunction(_ features: Tensor, _ noise: Tensor, temperature: Float) -> Tensor {
    let condition = self.noise(noise).activated(.silu)
    var x = features
    for block in blocks { x = block(x, condition, shiftScale: temperature) }
    let width = x.shape[1]
    let modulation = NormModulation(lastModulation(condition), shiftOffset: 0, scaleOffset: width)
    return output(x.layerNorm(nil, nil, epsilon: 1e-6, modulation: modulation))
  }
}

extension DenoisingNetwork.Block {
  /// The block with the shift of its norm multiplied by a number; x and condition [n, width]; [n, width].
  func callAsFunction(_ x: Tensor, _ condition: Tensor, shiftScale: Float) -> Tensor {
    guard shiftScale != 1 else { return self(x, condition) }
    let width = x.shape[1], factors = (0..<3 * width).map { $0 < width ? shiftScale : 1 }
    let m = modulation(condition) * Tensor([1, 3 * width], factors)
    let hidden = first(x, after: norm, by: NormModulation(m, shiftOffset: 0, scaleOffset: width))
    return second(hidden, after: .silu).gated(by: m, offset: 2 * width, residual: x)
  }
}
