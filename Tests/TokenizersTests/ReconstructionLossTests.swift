import Autoregression
import AutoregressionTesting
import Foundation
import Networks
import Storage
import Tensors
import Testing
import Tokenizers

private let plain = "use: vq, stride: 4, width: 8, norm-groups: 4, codes: 32"

private func smoothImages(_ count: Int) -> Tensor {
  var random = Random(seed: 3, samples: Array(0..<count))
  return random.normal([count, 8, 8, 3], "x").resampled(height: 32, width: 32, .bicubic).clamped(to: -1...1)
}

private func loss(_ autoencoder: any Tokenizer, _ images: Tensor) throws -> TokenizerLoss {
  var random = Random(seed: 5, samples: Array(0..<images.shape[0]))
  return try #require(autoencoder.trainingLoss(images, laidOutBy: Plain(over: Grid(height: 8, width: 8)), &random))
}

@Suite struct AdversarialLossTests {
  @Test(
    "at the last layer the adversarial gradient is as large as the reconstruction's, times the weight",
    arguments: [0.5, 2])
  func balance(_ weight: Float) throws {
    let images = smoothImages(2), (alone, _) = try tokenizer("{ \(plain) }")
    let (against, _) = try tokenizer("{ \(plain), adversarial: { weight: \(weight), width: 8, layers: 2 } }")
    func atOutput(_ autoencoder: any Tokenizer) throws -> Tensor {
      let last = try #require(autoencoder.parameters.first { $0.path == "decoder.output.weight" }).parameter
      return try loss(autoencoder, images).total.gradients(of: [last()])[0]
    }
    let close = try atOutput(alone), both = try atOutput(against), added = both - close
    let ratio = (added.squared.sum.scalar / close.squared.sum.scalar).squareRoot()
    #expect(abs(ratio / weight - 1) < 0.02, "\(ratio)")
    let parts = try loss(against, images)
    #expect(
      try parts.total.scalar - loss(alone, images).total.scalar
        - parts.part("adversarial") * parts.part("adversarial-weight") < 1e-4)
  }

  @Test("the loss is absent before its start and grows over its warm-up; its age is stored, its network is not a part")
  func start() throws {
    let (autoencoder, _) = try tokenizer(
      "{ \(plain), adversarial: { weight: 2, width: 8, layers: 2, adaptive: false, start: 2, warmup-steps: 4 } }")
    let images = smoothImages(2)
    for _ in 0..<2 { #expect(try loss(autoencoder, images).discriminator == nil) }
    for strength in [0.25, 0.5, 0.75, 1, 1] as [Float] {
      let now = try loss(autoencoder, images)
      #expect(now.discriminator != nil)
      #expect(try now.part("adversarial-weight") == 2 * strength)
    }
    #expect(autoencoder.statistics.contains { $0.path == "fidelity.age" && $0.statistic.value.scalar == 7 })
    let discriminator = try #require(autoencoder.discriminator)
    #expect(!discriminator.parameters.isEmpty && !autoencoder.parameters.contains { $0.path.contains("adversary") })
    let (bare, _) = try tokenizer("{ \(plain) }")
    #expect(bare.discriminator == nil && bare.parameters.map(\.path) == autoencoder.parameters.map(\.path))
    for (a, b) in zip(bare.parameters, autoencoder.parameters) {
      #expect(a.parameter.value.distance(to: b.parameter.value) == 0)
    }
  }

  @Test("the discriminator learns to distinguish reconstructions from images, and its loss has no gradient elsewhere")
  func learning() throws {
    let (autoencoder, _) = try tokenizer("{ \(plain), adversarial: { weight: 0.5, width: 8, layers: 2 } }")
    let images = smoothImages(4), discriminator = try #require(autoencoder.discriminator).parameters.map(\.parameter)
    var optimizer = Optimizer(discriminator, rule: AdamW(beta1: 0.5, beta2: 0.9, weightDecay: 0), clip: 0)
    let first = try #require(try loss(autoencoder, images).discriminator)
    #expect(
      first.gradients(of: autoencoder.parameters.map { $0.parameter() }).allSatisfy { $0.squared.sum.scalar == 0 })
    for _ in 0..<25 { _ = optimizer.step(try #require(try loss(autoencoder, images).discriminator), rate: 2e-3) }
    let last = try #require(try loss(autoencoder, images).discriminator).scalar
    #expect(last < 0.3 && first.scalar > 0.8, "\(first.scalar) to \(last)")
  }

  @Test("images that are too small for its layers are refused")
  func refusals() {
    #expect(
      message("{ \(plain), adversarial: { weight: 0.5, layers: 4 } }")
        == "test:1:88: images of 32x32 are too small for a discriminator of 4 layers; use at most 3.")
  }

  @Test("the continuous autoencoder's loss is the sum of its terms, by either distance", arguments: ["l1", "l2"])
  func continuous(_ distance: String) throws {
    let (autoencoder, _) = try tokenizer(
      """
      { use: continuous, stride: 4, width: 8, norm-groups: 4, distance: \(distance), kl-weight: 0.01,
        adversarial: { weight: 0.5, width: 8, adaptive: false } }
      """)
    let images = smoothImages(2), found = try loss(autoencoder, images)
    // The latents are not normalized before the calibration, so that the same draw encodes to the trained latent.
    var random = Random(seed: 5, samples: [0, 1])
    let reconstruction = withoutGradients { autoencoder.decode(autoencoder.encode(images, &random)) }
    let error = images - reconstruction, expected = distance == "l1" ? error.absolute.mean : error.squared.mean
    #expect(try abs(found.part("reconstruction") - expected.scalar) < 1e-5 * expected.scalar)
    let posterior = autoencoder.posterior(of: images), logVariance = try #require(posterior.logVariance)
    let kl = (posterior.mean.squared + logVariance.exponential - logVariance - 1).mean.scalar / 2
    #expect(try abs(found.part("kl") - kl) < 1e-5 * kl)
    #expect(try found.part("adversarial-weight") == 0.5)
    let sum = try found.part("reconstruction") + 0.5 * found.part("adversarial") + 0.01 * found.part("kl")
    #expect(abs(found.total.scalar - sum) < 1e-5)
  }

  /// An autoencoder with an adversarial loss of a fixed weight, and the total loss of two images.
  private func total(adversarialWeight: Double) throws -> (autoencoder: any Tokenizer, total: () -> Tensor) {
    let (autoencoder, _) = try tokenizer(
      """
      { use: continuous, stride: 2, width: 4, norm-groups: 2, blocks: 0, channels: 2, kl-weight: 0.01,
        adversarial: { weight: \(adversarialWeight), width: 4, layers: 2, adaptive: false } }
      """, size: 16)
    var random = Random(seed: 3, samples: [0, 1])
    let images = random.normal([2, 16, 16, 3], "x") * 0.5
    func total() -> Tensor {
      var random = Random(seed: 5, samples: [0, 1])
      return autoencoder.trainingLoss(images, laidOutBy: Plain(over: Grid(height: 8, width: 8)), &random)?.total
        ?? Tensor(0)
    }
    return (autoencoder, total)
  }

  /// The last layers of both halves; through them the gradient reaches all others.
  private func isLast(_ path: String) -> Bool {
    ["decoder.output.bias", "fromLatent.bias", "toMoments.bias"].contains(path)
  }

  @Test("gradients of reconstruction and KL divergence are those of differences")
  func gradients() throws {
    let (autoencoder, total) = try total(adversarialWeight: 0)
    #expect(parameterGradientsDisagree(autoencoder, tolerance: 5e-3, where: isLast) { total().reshaped([1]) } == nil)
  }

  /// Differences would cross kinks of the discriminator's leaky ReLUs; its gradient is held by its weight instead.
  @Test("the adversarial gradient is proportional to its weight")
  func proportional() throws {
    func gradients(_ weight: Double) throws -> [Float] {
      let (autoencoder, total) = try total(adversarialWeight: weight)
      let parameters = autoencoder.parameters.filter { isLast($0.path) }.map { $0.parameter() }
      return total().gradients(of: parameters).flatMap(\.scalars)
    }
    let (half, one, more) = (try gradients(0.5), try gradients(1), try gradients(1.5))
    #expect(zip(half, one).contains { abs($0 - $1) > 1e-3 })
    for index in half.indices {
      #expect(abs((more[index] - one[index]) - (one[index] - half[index])) < 1e-5)
    }
  }
}
