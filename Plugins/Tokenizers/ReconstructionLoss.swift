import Autoregression
import Networks
import Settings
import Tensors

/// The distance of a reconstruction to its image: pixel by pixel, by the features of a trained network (LPIPS; Zhang et
/// al. 2018, arXiv 1801.03924), and by a discriminator (VQGAN; Esser et al. 2020, arXiv 2012.09841).
package struct ReconstructionLoss: Module {
  /// The distance of pixels.
  enum Distance: String, Setting, CaseIterable { case l1, l2 }

  let distance: Distance
  let perceptual: PerceptualDistance?
  let perceptualWeight: Float
  let adversarial: AdversarialLoss?
  /// Files that are read from disk.
  let files: [String]
  /// Steps of training so far, which the adversarial loss's start and warm-up follow.
  let age: Statistic?

  init(_ settings: inout Settings, images: ImageShape, _ random: inout Random) throws(SettingsError) {
    distance = try settings["distance", default: .l2, about: "pixel loss: mean absolute or mean squared error"]
    var section = try settings.section("perceptual", about: "the perceptual loss: LPIPS over VGG16")
    perceptualWeight = try section["weight", default: 0, in: 0...1000, about: "weight of the perceptual loss; 0: none"]
    let file: String? = try section[
      optional: "network", about: "HDF5 file with the weights of LPIPS over VGG16, by the names of its state_dict"]
    files = perceptualWeight > 0 ? [file].compactMap { $0 } : []
    perceptual = perceptualWeight > 0 ? try PerceptualDistance(file, images: images, section) : nil
    section = try settings.section("adversarial", about: "the adversarial loss: a PatchGAN discriminator")
    adversarial = try AdversarialLoss(&section, images: images, &random)
    age = adversarial.map { _ in Statistic(Tensor(0)) }
  }

  /// The loss of the images that the convolution `output` makes of `features`, all [batch, height, width, channels].
  ///
  /// The adaptive weight requires both gradients at the kernel of `output` before the loss: the gradients are
  /// taken at the reconstruction, once, and the total is a scalar with these gradients recorded. No network is
  /// traversed twice.
  func callAsFunction(_ images: Tensor, _ features: Tensor, through output: Convolution2D) -> TokenizerLoss {
    let reconstructed = output(features)
    guard let adversarial, let age else { return distanceLoss(images, reconstructed) }
    // A checkpoint of elsewhere may hold any number.
    let strength = adversarial.strength(at: Int(max(0, min(1e9, age.value.scalar))))
    age.replace(age.value + 1)
    guard strength > 0 else { return distanceLoss(images, reconstructed) }
    let leaf = reconstructed.detached.tracked, distance = distanceLoss(images, leaf)
    let distanceGradient = distance.total.gradients(of: [leaf])[0]
    // The generator's loss: minus the discriminator's mean output (Esser et al. 2020, eq. 4).
    let generator = withoutGradients { adversarial.discriminator(leaf) }.mean * -1
    let generatorGradient = generator.gradients(of: [leaf])[0]
    // The same images as a function of the last kernel only.
    let lastLayer = adversarial.isAdaptive ? output(features.detached) : reconstructed
    func normAtKernel(_ gradient: Tensor) -> Float {
      (lastLayer * gradient).sum.gradients(of: [output.weight()])[0].squared.sum.squareRoot.scalar
    }
    // 1e-4 and 1e4 as in the released code of VQGAN.
    let balance =
      adversarial.isAdaptive
      ? min(1e4, max(0, normAtKernel(distanceGradient) / (normAtKernel(generatorGradient) + 1e-4))) : 1
    let weight = adversarial.weight * strength * balance, gradient = distanceGradient + generatorGradient * weight
    let total = Tensor(distance.total.scalar + weight * generator.scalar).recorded(inputs: [reconstructed]) {
      [gradient * $0.scalar]
    }
    let discriminator =
      adversarial.discriminatorLoss(real: images, reconstructed: reconstructed.detached) * strength
    return TokenizerLoss(
      total: total,
      parts: distance.parts + [
        ("adversarial", generator.scalar), ("adversarial-weight", weight), ("discriminator", discriminator.scalar),
      ], discriminator: discriminator)
  }

  /// Pixel and perceptual loss of images [batch, height, width, 3].
  func distanceLoss(_ images: Tensor, _ reconstructed: Tensor) -> TokenizerLoss {
    let error = images - reconstructed, pixels = distance == .l1 ? error.absolute.mean : error.squared.mean
    let loss = TokenizerLoss(total: pixels, parts: [("reconstruction", pixels.scalar)])
    guard let perceptual else { return loss }
    let term = perceptual(images, reconstructed).mean
    return loss.adding(term * perceptualWeight, [("perceptual", term.scalar)])
  }
}

extension TokenizerLoss {
  /// The loss with one more term and its parts.
  func adding(_ term: Tensor, _ more: [(name: String, value: Float)]) -> TokenizerLoss {
    TokenizerLoss(total: total + term, parts: parts + more, discriminator: discriminator)
  }
}
