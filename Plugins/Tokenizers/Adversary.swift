import Autoregression
import Networks
import Settings
import Tensors

/// The discriminator of an adversarial loss and how it is used.
///
/// A class, so that whoever walks the tokenizer's parameters does not find the discriminator's: they are trained by
/// another loss and stored apart.
final class Adversary: Sendable {
  let discriminator: Discriminator
  let weight: Float
  /// Whether the weight is multiplied by |gradient of the reconstruction| / |gradient of this loss| at the last layer.
  let isAdaptive: Bool
  let start: Int
  let ramp: Int

  /// Nil where the weight is 0.
  init?(_ settings: inout Settings, images: ImageShape, _ random: inout Random) throws(SettingsError) {
    weight = try settings["weight", default: 0, in: 0...1000, about: "weight of the adversarial loss; 0: none"]
    isAdaptive = try settings[
      "adaptive", default: true, about: "multiply the weight by the ratio of both gradients at the last layer"]
    start = try settings["start", default: 0, in: 0...100_000_000, about: "the step at which it begins"]
    ramp = try settings["ramp", default: 0, in: 0...100_000_000, about: "steps over which it grows to its weight"]
    let width: Int = try settings["width", default: 64, in: 1...1024, about: "channels of the first layer"]
    let layers: Int = try settings["layers", default: 3, in: 1...6, about: "layers that halve the image"]
    guard weight > 0 else { return nil }
    // Two layers that do not halve take one place each; one place must be left.
    let fitting = (1...6).last { min(images.height, images.width) >> $0 >= 3 } ?? 0
    guard layers <= fitting else {
      throw settings.refusal(
        "images of \(images.height)x\(images.width) are too small for a discriminator of \(layers) layers; use at most \(fitting).",
        at: "layers")
    }
    discriminator = Discriminator(width: width, layers: layers, &random)
  }

  /// 0 before the start, 1 after the ramp.
  func strength(at step: Int) -> Float {
    step < start ? 0 : min(1, Float(step - start + 1) / Float(max(1, ramp)))
  }

  /// The hinge loss of the discriminator (Lim and Ye 2017, arXiv 1705.02894).
  func loss(real: Tensor, made: Tensor) -> Tensor {
    let doubt = (discriminator(real) * -1 + 1).activated(.relu).mean
    return (doubt + (discriminator(made) + 1).activated(.relu).mean) * 0.5
  }
}
