import Autoregression
import Networks
import Tensors

/// A quantizer of a vector-quantized autoencoder, with its training.
package protocol LearnedQuantizer: Module {
  /// Channels of a token.
  var width: Int { get }
  /// The quantizer with the parameters as they are now.
  var view: any Quantizer { get }
  /// The encoder's output [..., width] within the bounds of the tokens.
  func bounded(_ z: Tensor) -> Tensor
  /// Quantizes bounded vectors [rows, width] of `samples` images in training, with straight-through gradients.
  func quantized(_ rows: Tensor, samples: Int, _ random: inout Random) -> Quantized
}

extension LearnedQuantizer {
  /// Tokens without bounds.
  package func bounded(_ z: Tensor) -> Tensor { z }
}

/// The quantized vectors of a batch.
package struct Quantized: Sendable {
  /// [rows, width], straight-through (Bengio et al. 2013, arXiv 1308.3432).
  package var values: Tensor
  /// The code of each row, [rows].
  package var codes: [Int]
  /// The quantizer's loss, a scalar; nil: none.
  package var loss: Tensor?
  /// Terms of the loss and statistics by name, for the log.
  package var parts: [(name: String, value: Float)]
}

extension Tensor {
  /// `quantized`, with the gradient of self (Bengio et al. 2013, arXiv 1308.3432).
  func straightThrough(_ quantized: Tensor) -> Tensor { self + (quantized - self).detached }
}
