import Autoregression
import Networks
import Tensors

/// Vectors brought to codes, and what training has to know of it.
package protocol LearnedQuantizer: Module {
  /// Numbers that the encoder gives for one token.
  var width: Int { get }
  /// How tokens are found, with the numbers as they are now.
  var view: any Quantizer { get }
  /// Brings what the encoder gives to where tokens lie: [..., width].
  func placed(_ z: Tensor) -> Tensor
  /// Brings vectors [rows, width], placed, to codes in training: gradients pass through as if nothing had happened.
  func quantized(_ rows: Tensor, samples: Int, _ random: inout Random) -> Quantized
}

extension LearnedQuantizer {
  package func placed(_ z: Tensor) -> Tensor { z }
}

/// What a quantizer made of a batch.
package struct Quantized: Sendable {
  /// [rows, width], straight-through (Bengio et al. 2013, arXiv 1308.3432).
  package var values: Tensor
  /// [rows]
  package var codes: [Int]
  /// What it wants lowered; nil: nothing.
  package var loss: Tensor?
  package var parts: [(name: String, value: Float)]
}
