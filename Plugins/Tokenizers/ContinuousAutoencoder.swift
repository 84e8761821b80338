import Autoregression
import Glibc
import Networks
import Settings
import Tensors

/// A convolutional autoencoder with a Gaussian posterior, kept near the standard normal by a KL term
/// (KL-regularised autoencoder; Rombach et al. 2022, arXiv 2112.10752).
///
/// Latents leave it with mean 0 and deviation 1 per channel, by what was measured on the data after training and is
/// stored with the weights; the released MAR and FAR multiply by one constant of one checkpoint instead.
struct ContinuousAutoencoder: Tokenizer {
  static let key = "continuous"
  static let about = About(
    "A KL autoencoder: each token is a short vector of real numbers.",
    source: "Rombach et al. 2022, arXiv 2112.10752", example: "stride: 4\nwidth: 8\ngroups: 4")

  static let checkpointMappings = [
    CheckpointMapping.autoencoder("LDM", quantizer: [("post_quant_conv", "fromLatent"), ("quant_conv", "toMoments")])
  ]

  enum Latents: String, Setting, CaseIterable { case sample, mean }

  let encoder: Encoder
  let toMoments: Convolution2D
  let fromLatent: Convolution2D
  let decoder: Decoder
  let fidelity: Fidelity
  /// [channels] each.
  let mean: Statistic
  let deviation: Statistic
  let channels: Int
  let klWeight: Float
  let latents: Latents
  /// What latents are multiplied by; 0: what was measured makes their deviation 1.
  let latentScale: Float
  let grouping: Grouping

  static func grid(_ settings: inout Settings, images: ImageShape) throws(SettingsError) -> Grid {
    try Grouping.grid(&settings, of: ConvolutionPlan.grid(&settings, images: images, of: key))
  }

  init(_ settings: inout Settings, images: ImageShape, layout: Layout, _ random: inout Random) throws(SettingsError) {
    channels = try settings["channels", default: 4, in: 1...1024, about: "numbers of one cell of the latent"]
    let plan = try ConvolutionPlan(&settings, images: images, of: Self.key)
    grouping = try Grouping(&settings)
    klWeight = try settings[
      "kl-weight", default: 1e-4, in: 0...1000, about: "weight of the KL term: mean over tokens and channels"]
    latents = try settings[
      "latents", default: .sample, about: "what a model learns: draws of the posterior, or its mean"]
    latentScale = try settings[
      "latent-scale", default: 0, in: 0...1_000_000,
      about: "what latents are multiplied by; 0: as measured, to a deviation of 1; released MAR and FAR: 0.2325"]
    encoder = Encoder(plan, outputs: 2 * channels, &random)
    toMoments = Convolution2D(from: 2 * channels, to: 2 * channels, kernel: 1, &random)
    fromLatent = Convolution2D(from: channels, to: channels, kernel: 1, &random)
    decoder = Decoder(plan, channels: channels, &random)
    // Last, so that an adversary changes no first weight of the rest.
    fidelity = try Fidelity(&settings, images: images, &random)
    mean = Statistic(Tensor(zeros: [channels]))
    deviation = Statistic(Tensor(repeating: 1, shape: [channels]))
  }

  var quantizer: any Quantizer { Identity(width: channels * grouping.side * grouping.side) }

  /// The Gaussian of each token: mean and log-variance, [batch, rows, columns, channels] each.
  func posterior(_ images: Tensor) -> (mean: Tensor, logVariance: Tensor) {
    let moments = toMoments(encoder(images))
    return (
      moments.sliced(0..<channels, axis: 3),
      moments.sliced(channels..<2 * channels, axis: 3).clamped(to: -30...20)
    )
  }

  /// A draw of the posterior as the decoder knows it, not normalised.
  func draw(_ posterior: (mean: Tensor, logVariance: Tensor), _ random: inout Random) -> Tensor {
    posterior.mean + (posterior.logVariance * 0.5).exponential * random.normal(posterior.mean.shape, "posterior")
  }

  func encode(_ images: Tensor, _ random: inout Random) -> Tensor {
    let latent = cells(of: images, &random)
    return grouping.together((latent - mean.value) / deviation.value)
  }

  /// What a model learns, as the decoder knows it: [batch, rows, columns, channels].
  private func cells(of images: Tensor, _ random: inout Random) -> Tensor {
    let found = posterior(images)
    return latents == .sample ? draw(found, &random) : found.mean
  }

  func posterior(of images: Tensor) -> Posterior {
    let found = posterior(images), mean = (found.mean - self.mean.value) / deviation.value
    // Dividing by the deviation takes twice its logarithm from the log-variance.
    let spread = Tensor([channels], deviation.value.scalars.map { 2 * log($0) })
    return Posterior(
      mean: grouping.together(mean),
      logVariance: latents == .sample ? grouping.together(found.logVariance - spread) : nil)
  }

  func decode(_ latent: Tensor) -> Tensor { reconstruct(grouping.apart(latent) * deviation.value + mean.value) }

  func reconstruct(_ latent: Tensor) -> Tensor { decoder(fromLatent(latent)) }

  /// 0.5 (mean^2 + variance - 1 - log variance) of each number of the latent.
  func divergence(_ posterior: (mean: Tensor, logVariance: Tensor)) -> Tensor {
    (posterior.mean.squared + posterior.logVariance.exponential - posterior.logVariance - 1) * 0.5
  }

  func trainingLoss(_ images: Tensor, laidOutBy direction: any RegressionDirection, _ random: inout Random)
    -> TokenizerLoss?
  {
    let found = posterior(images), features = decoder.features(fromLatent(draw(found, &random)))
    let kl = divergence(found).mean
    return fidelity(images, features, through: decoder.output).adding(kl * klWeight, [("kl", kl.scalar)])
  }

  var files: [String] { fidelity.files }

  var discriminator: (any Module)? { fidelity.adversary?.discriminator }

  mutating func calibrate(on images: Tensor, _ random: inout Random) {
    mean.replace(Tensor(zeros: [channels]))
    deviation.replace(Tensor(repeating: latentScale > 0 ? 1 / latentScale : 1, shape: [channels]))
    guard latentScale == 0 else { return }
    let cells = cells(of: images, &random), latent = cells.reshaped([cells.count / channels, channels])
    let centre = latent.mean(axis: 0)
    mean.replace(centre)
    deviation.replace(((latent - centre).squared.mean(axis: 0) + 1e-8).squareRoot)
  }
}

@section("overtone_parts") @used private let registration: Registration = {
  $0.registry.add(ContinuousAutoencoder.self)
}
