import Networks
import Tensors

/// A dense layer, an activation and a norm between the last block and the head, as in BERT's head for masked tokens
/// (Devlin et al. 2018, arXiv 1810.04805; MaskGIT, Chang et al. 2022, arXiv 2202.04200).
struct MLMLayer: Module {
  /// Weight [width, width].
  let dense: Linear
  let norm: Norm
  private let activation: Activation

  /// A layer of a backbone's width, with the activation of its MLPs.
  init(_ settings: BackboneSettings, _ random: inout Random) {
    dense = Linear(from: settings.width, to: settings.width, weight: settings.initialization.weight, &random)
    norm = settings.norm(isLearned: true)
    activation = settings.block.activation.function
  }

  /// Returns norm(activation(dense(x))), for x [batch, positions, width].
  func callAsFunction(_ x: Tensor) -> Tensor { norm(dense(x).activated(activation)) }
}
