import Autoregression
import Networks
import Settings
import Tensors

/// How close a convolutional autoencoder's reconstruction is held to the image: by pixels, by the features of a
/// network that knows images (Zhang et al. 2018, arXiv 1801.03924), and by a discriminator that tries to tell the two
/// apart (VQGAN; Esser et al. 2020, arXiv 2012.09841).
struct Fidelity: Module {
  enum Distance: String, Setting, CaseIterable { case l1, l2 }

  let distance: Distance
  let perceptual: PerceptualDistance?
  let perceptualWeight: Float
  let adversary: Adversary?
  /// What is read from disk.
  let files: [String]
  /// Training steps seen, which the adversary's start and ramp follow.
  let age: Statistic?

  init(_ settings: inout Settings, images: ImageShape, _ random: inout Random) throws(SettingsError) {
    distance = try settings["distance", default: .l2, about: "between image and reconstruction, pixel by pixel"]
    var section = try settings.section("perceptual", about: "distance of images as a trained network sees them")
    perceptualWeight = try section["weight", default: 0, in: 0...1000, about: "weight of this distance; 0: none"]
    let file: String? = try section[
      optional: "network", about: "HDF5 file with the weights of LPIPS over VGG16, by the names of its state_dict"]
    files = perceptualWeight > 0 ? [file].compactMap { $0 } : []
    perceptual = perceptualWeight > 0 ? try PerceptualDistance(file, images: images, section) : nil
    section = try settings.section("adversarial", about: "a discriminator that images are trained against")
    adversary = try Adversary(&section, images: images, &random)
    age = adversary.map { _ in Statistic(Tensor(0)) }
  }

  /// The loss of the images that `output` makes of `features`, all [batch, height, width, channels].
  ///
  /// With an adversary the balance of both gradients at the kernel of `output` must be known before the loss is: it is
  /// taken on the images, once, and the total is a number whose gradient is already there. Nothing is walked twice.
  func callAsFunction(_ images: Tensor, _ features: Tensor, through output: Convolution2D) -> TokenizerLoss {
    let made = output(features)
    guard let adversary, let age else { return closeness(images, made) }
    let strength = adversary.strength(at: Int(age.value.scalar))
    age.replace(age.value + 1)
    guard strength > 0 else { return closeness(images, made) }
    let leaf = made.detached.tracked, close = closeness(images, leaf)
    let pull = close.total.gradients(of: [leaf])[0]
    let fooled = withoutGradients { adversary.discriminator(leaf) }.mean * -1
    let push = fooled.gradients(of: [leaf])[0]
    // The same images, whose only past is the last kernel.
    let shallow = adversary.isAdaptive ? output(features.detached) : made
    func atOutput(_ gradient: Tensor) -> Float {
      (shallow * gradient).sum.gradients(of: [output.weight()])[0].squared.sum.squareRoot.scalar
    }
    // 1e-4 and 1e4 as in the released code of VQGAN.
    let balance = adversary.isAdaptive ? min(1e4, max(0, atOutput(pull) / (atOutput(push) + 1e-4))) : 1
    let weight = adversary.weight * strength * balance, slope = pull + push * weight
    let total = Tensor(close.total.scalar + weight * fooled.scalar).recorded(inputs: [made]) { [slope * $0.scalar] }
    let discriminator = adversary.loss(real: images, made: made.detached) * strength
    return TokenizerLoss(
      total: total,
      parts: close.parts + [
        ("adversarial", fooled.scalar), ("adversarial-weight", weight), ("discriminator", discriminator.scalar),
      ], discriminator: discriminator)
  }

  private func closeness(_ images: Tensor, _ made: Tensor) -> TokenizerLoss {
    let error = images - made, pixels = distance == .l1 ? error.absolute.mean : error.squared.mean
    let loss = TokenizerLoss(total: pixels, parts: [("reconstruction", pixels.scalar)])
    guard let perceptual else { return loss }
    let seen = perceptual(images, made).mean
    return loss.adding(seen * perceptualWeight, [("perceptual", seen.scalar)])
  }
}

extension TokenizerLoss {
  /// The loss with one more term.
  func adding(_ term: Tensor, _ more: [(name: String, value: Float)]) -> TokenizerLoss {
    TokenizerLoss(total: total + term, parts: parts + more, discriminator: discriminator)
  }
}
