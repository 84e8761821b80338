import Autoregression
import Networks
import Settings
import Tensors

/// The adversarial loss of VQGAN (Esser et al. 2020, arXiv 2012.09841): a discriminator, its hinge loss and its weight.
///
/// A class, so that the parameters of the discriminator are not found among the tokenizer's: they are trained by
/// another loss and stored separately.
package final class AdversarialLoss: Sendable {
  /// The network that is trained to distinguish images from reconstructions.
  package let discriminator: Discriminator
  let weight: Float
  /// The weight is multiplied by |gradient of the reconstruction| / |gradient of this loss| at the last layer.
  let isAdaptive: Bool
  /// Step of training at which the loss begins.
  let start: Int
  /// Steps over which it grows to its weight.
  let warmup: Int

  /// Nil where the weight is 0.
  init?(_ settings: inout Settings, images: ImageShape, _ random: inout Random) throws(SettingsError) {
    weight = try settings["weight", default: 0, in: 0...1000, about: "weight of the adversarial loss; 0: none"]
    isAdaptive = try settings[
      "adaptive", default: true,
      about: "multiply the weight by the ratio of both losses' gradients at the last layer (VQGAN, eq. 7)"]
    start = try settings["start", default: 0, in: 0...100_000_000, about: "the step at which the loss begins"]
    try settings.renamed("ramp", to: "warmup-steps")
    warmup = try settings[
      "warmup-steps", default: 0, in: 0...100_000_000, about: "steps over which it grows to its weight"]
    let width: Int = try settings[
      "width", default: 64, in: 1...1024, about: "channels of the discriminator's first layer"]
    let layers: Int = try settings[
      "layers", default: 3, in: 1...6, about: "layers of the discriminator that halve the image (PatchGAN)"]
    guard weight > 0 else { return nil }
    // The two layers of stride 1 lose a row and a column each; one must be left.
    let fitting = (1...6).last { min(images.height, images.width) >> $0 >= 3 } ?? 0
    guard layers <= fitting else {
      throw settings.refusal(
        "images of \(images.height)x\(images.width) are too small for a discriminator of \(layers) layers; use "
          + "at most \(fitting).",
        at: "layers")
    }
    discriminator = Discriminator(width: width, layers: layers, &random)
  }

  /// The factor of the weight at a step: 0 before the start, 1 after the warm-up.
  func strength(at step: Int) -> Float {
    step < start ? 0 : min(1, Float(step - start + 1) / Float(max(1, warmup)))
  }

  /// The hinge loss of the discriminator (Lim and Ye 2017, arXiv 1705.02894) on images and reconstructions,
  /// [batch, height, width, 3] each.
  func discriminatorLoss(real: Tensor, reconstructed: Tensor) -> Tensor {
    let realLoss = (discriminator(real) * -1 + 1).activated(.relu).mean
    return (realLoss + (discriminator(reconstructed) + 1).activated(.relu).mean) * 0.5
  }
}
