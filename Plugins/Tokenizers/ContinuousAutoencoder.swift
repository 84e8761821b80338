import Autoregression
import Glibc
import Networks
import Settings
import Tensors

/// A convolutional autoencoder with a Gaussian posterior and a KL term towards the standard normal distribution
/// (KL-regularized autoencoder; Rombach et al. 2022, arXiv 2112.10752).
///
/// Latents have mean 0 and standard deviation 1 per channel, by statistics that are measured on the data after training
/// and stored with the weights; the released MAR and FAR multiply by a constant of one checkpoint instead.
struct ContinuousAutoencoder: ConvolutionalAutoencoder {
  static let key = "continuous"
  static let about = About(
    "A KL autoencoder: each token is a short vector of real numbers.",
    source: "Rombach et al. 2022, arXiv 2112.10752", example: "stride: 4\nwidth: 8\nnorm-groups: 4")

  static let checkpointMappings = [
    CheckpointMapping.autoencoder("LDM", quantizer: [("post_quant_conv", "fromLatent"), ("quant_conv", "toMoments")])
  ]

  /// The latents that models are trained on.
  enum Latents: String, Setting, CaseIterable {
    /// Samples of the posterior.
    case sample
    /// The mean of the posterior.
    case mean
  }

  /// A diagonal Gaussian, [batch, rows, columns, channels] each, before normalization.
  struct Moments {
    var mean: Tensor, logVariance: Tensor

    /// A sample by reparametrization.
    func sample(_ random: inout Random) -> Tensor {
      mean + (logVariance * 0.5).exponential * random.normal(mean.shape, "posterior")
    }

    /// The KL divergence to the standard normal distribution of each number, in nats:
    /// (mean^2 + variance - 1 - log variance) / 2.
    var divergence: Tensor { (mean.squared + logVariance.exponential - logVariance - 1) * 0.5 }
  }

  let encoder: Encoder
  let toMoments: Convolution2D
  let fromLatent: Convolution2D
  let decoder: Decoder
  let reconstructionLoss: ReconstructionLoss
  /// Mean of the latents, [channels].
  let mean: Statistic
  /// Standard deviation of the latents, [channels].
  let deviation: Statistic
  /// Channels of the latent.
  let channels: Int
  let klWeight: Float
  let latents: Latents
  /// Factor of the latents; 0: the reciprocal of their measured deviation.
  let latentScale: Float
  let patches: LatentPatches

  static func grid(_ settings: inout Settings, images: ImageShape) throws(SettingsError) -> Grid {
    try LatentPatches.grid(&settings, of: AutoencoderConfiguration.grid(&settings, images: images, of: key))
  }

  init(_ settings: inout Settings, images: ImageShape, layout: Layout, _ random: inout Random) throws(SettingsError) {
    channels = try settings[
      "channels", default: 4, in: 1...1024, about: "channels of the latent (LDM: z_channels, embed_dim)"]
    let configuration = try AutoencoderConfiguration(&settings, images: images, of: Self.key)
    patches = try LatentPatches(&settings)
    klWeight = try settings[
      "kl-weight", default: 1e-4, in: 0...1000, about: "weight of the KL loss: the mean over tokens and channels"]
    latents = try settings[
      "latents", default: .sample, about: "latents for models: samples of the posterior, or its mean"]
    latentScale = try settings[
      "latent-scale", default: 0, in: 0...1_000_000,
      about: "factor of the latents (LDM: scale_factor; MAR, FAR: 0.2325); 0: 1 / their measured standard deviation"]
    encoder = Encoder(configuration, outputs: 2 * channels, &random)
    toMoments = Convolution2D(from: 2 * channels, to: 2 * channels, kernel: 1, &random)
    fromLatent = Convolution2D(from: channels, to: channels, kernel: 1, &random)
    decoder = Decoder(configuration, channels: channels, &random)
    // Last, so that an adversarial loss changes no initial weight of the other layers.
    reconstructionLoss = try ReconstructionLoss(&settings, images: images, &random)
    mean = Statistic(Tensor(zeros: [channels]))
    deviation = Statistic(
      Tensor(repeating: 1, shape: [channels]),
      scaling: latentScale > 0
        ? nil
        : .init(
          of: "means and standard deviations of latents", key: "latent-scale",
          remedy: "the factor that they were trained with (MAR, FAR: 0.2325)"))
  }

  var quantizer: any Quantizer { Identity(width: channels * patches.side * patches.side) }

  /// The posterior of images [batch, height, width, 3], the log-variance clipped to [-30, 20].
  func moments(of images: Tensor) -> Moments {
    let moments = toMoments(encoder(images))  // [batch, rows, columns, 2 channels]
    return Moments(
      mean: moments.sliced(0..<channels, axis: 3),
      logVariance: moments.sliced(channels..<2 * channels, axis: 3).clamped(to: -30...20))
  }

  func encode(_ images: Tensor, _ random: inout Random) -> Tensor {
    patches.patchify((latent(of: images, &random) - mean.value) / deviation.value)
  }

  /// The latent of images before normalization: [batch, rows, columns, channels].
  private func latent(of images: Tensor, _ random: inout Random) -> Tensor {
    let moments = moments(of: images)
    return latents == .sample ? moments.sample(&random) : moments.mean
  }

  func posterior(of images: Tensor) -> Posterior {
    let moments = moments(of: images)
    // log (variance / deviation^2) = log variance - 2 log deviation
    let logScale = Tensor([channels], deviation.value.scalars.map { 2 * log($0) })
    return Posterior(
      mean: patches.patchify((moments.mean - mean.value) / deviation.value),
      logVariance: latents == .sample ? patches.patchify(moments.logVariance - logScale) : nil)
  }

  func decode(_ latent: Tensor) -> Tensor {
    reconstruction(of: patches.unpatchify(latent) * deviation.value + mean.value)
  }

  func trainingLoss(_ images: Tensor, laidOutBy direction: any RegressionDirection, _ random: inout Random)
    -> TokenizerLoss?
  {
    let moments = moments(of: images), loss = reconstructionLoss(of: moments.sample(&random), images)
    let kl = moments.divergence.mean
    return loss.adding(kl * klWeight, [("kl", kl.scalar)])
  }

  mutating func calibrate(on images: Tensor, _ random: inout Random) {
    mean.replace(Tensor(zeros: [channels]))
    deviation.replace(Tensor(repeating: latentScale > 0 ? 1 / latentScale : 1, shape: [channels]))
    guard latentScale == 0 else { return }
    let cells = latent(of: images, &random), latent = cells.reshaped([cells.count / channels, channels])
    let centre = latent.mean(axis: 0)
    mean.replace(centre)
    deviation.replace(((latent - centre).squared.mean(axis: 0) + 1e-8).squareRoot)
  }
}

@section("overtone_parts") @used private let registration: Registration = {
  $0.registry.add(ContinuousAutoencoder.self)
}
