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

  enum Distance: String, Setting, CaseIterable { case l1, l2 }
  enum Latents: String, Setting, CaseIterable { case sample, mean }

  let encoder: Encoder
  let toMoments: Convolution2D
  let fromLatent: Convolution2D
  let decoder: Decoder
  /// [channels] each.
  let mean: Statistic
  let deviation: Statistic
  let channels: Int
  let klWeight: Float
  let distance: Distance
  let latents: Latents

  static func grid(_ settings: inout Settings, images: ImageShape) throws(SettingsError) -> Grid {
    let stride: Int = try settings["stride", default: 8, in: 2...16, about: "pixels of one token's side: 2, 4, 8 or 16"]
    guard [2, 4, 8, 16].contains(stride) else {
      throw settings.refusal(
        "tokenizer 'continuous' halves the image; 'stride' must be 2, 4, 8 or 16, not \(stride).", at: "stride")
    }
    guard images.height % stride == 0, images.width % stride == 0 else {
      throw settings.refusal(
        "pictures of \(images.height)x\(images.width) do not divide into tokens of \(stride)x\(stride); use another 'stride' or size of pictures.",
        at: "stride")
    }
    return Grid(height: images.height / stride, width: images.width / stride)
  }

  init(_ settings: inout Settings, images: ImageShape, layout: Layout, _ random: inout Random) throws(SettingsError) {
    let grid = try Self.grid(&settings, images: images)
    let levels = (images.height / grid.height).trailingZeroBitCount + 1
    channels = try settings["channels", default: 4, in: 1...1024, about: "numbers of one token"]
    let width: Int = try settings["width", default: 32, in: 1...1024, about: "channels of the first convolution"]
    let usual = (0..<levels).map { 1 << min(2, $0) }
    let multipliers: [Int] = try settings[
      "multipliers", default: usual, about: "channels of each level, as multiples of the width"]
    guard multipliers.count == levels, multipliers.allSatisfy({ $0 > 0 }) else {
      throw settings.refusal(
        "a stride of \(images.height / grid.height) has \(levels) levels; 'multipliers' must name \(levels) positive numbers.",
        at: "multipliers")
    }
    let blocks: Int = try settings[
      "blocks", default: 1, in: 0...8, about: "residual blocks of each level; the decoder has one more"]
    let attention: [Int] = try settings[
      "attention", default: [], about: "levels of the encoder with attention, 0 the largest"]
    let middle: Bool = try settings["middle-attention", default: false, about: "attention at the lowest resolution"]
    let groups: Int = try settings[
      "groups", default: width % 8 == 0 ? 8 : 1, in: 1...1024, about: "groups of the norms"]
    guard width % groups == 0 else {
      throw settings.refusal(
        "\(width) channels do not divide into \(groups) groups; let 'groups' divide 'width'.", at: "groups")
    }
    klWeight = try settings[
      "kl-weight", default: 1e-4, in: 0...1000, about: "weight of the KL term: mean over tokens and channels"]
    distance = try settings["distance", default: .l2, about: "between picture and reconstruction"]
    latents = try settings[
      "latents", default: .sample, about: "what a model learns: draws of the posterior, or its mean"]
    let plan = ConvolutionPlan(
      width: width, multipliers: multipliers, blocks: blocks, attentionLevels: attention, middleAttention: middle,
      groups: groups)
    encoder = Encoder(plan, outputs: 2 * channels, &random)
    toMoments = Convolution2D(from: 2 * channels, to: 2 * channels, kernel: 1, &random)
    fromLatent = Convolution2D(from: channels, to: channels, kernel: 1, &random)
    decoder = Decoder(plan, channels: channels, &random)
    mean = Statistic(Tensor(zeros: [channels]))
    deviation = Statistic(Tensor(repeating: 1, shape: [channels]))
  }

  var quantizer: any Quantizer { Identity(width: channels) }

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
    let found = posterior(images)
    let latent = latents == .sample ? draw(found, &random) : found.mean
    return (latent - mean.value) / deviation.value
  }

  func posterior(of images: Tensor) -> Posterior {
    let found = posterior(images), mean = (found.mean - self.mean.value) / deviation.value
    // Dividing by the deviation takes twice its logarithm from the log-variance.
    let spread = Tensor([channels], deviation.value.scalars.map { 2 * log($0) })
    return Posterior(mean: mean, logVariance: latents == .sample ? found.logVariance - spread : nil)
  }

  func decode(_ latent: Tensor) -> Tensor { reconstruct(latent * deviation.value + mean.value) }

  func reconstruct(_ latent: Tensor) -> Tensor { decoder(fromLatent(latent)) }

  /// 0.5 (mean^2 + variance - 1 - log variance) of each number of the latent.
  func divergence(_ posterior: (mean: Tensor, logVariance: Tensor)) -> Tensor {
    (posterior.mean.squared + posterior.logVariance.exponential - posterior.logVariance - 1) * 0.5
  }

  func trainingLoss(_ images: Tensor, laidOutBy direction: any RegressionDirection, _ random: inout Random)
    -> TokenizerLoss?
  {
    let found = posterior(images), error = images - reconstruct(draw(found, &random))
    let reconstruction = distance == .l1 ? error.absolute.mean : error.squared.mean
    let kl = divergence(found).mean
    return TokenizerLoss(
      total: reconstruction + kl * klWeight, parts: [("reconstruction", reconstruction.scalar), ("kl", kl.scalar)])
  }

  mutating func calibrate(on images: Tensor, _ random: inout Random) {
    mean.replace(Tensor(zeros: [channels]))
    deviation.replace(Tensor(repeating: 1, shape: [channels]))
    let latent = encode(images, &random).reshaped([images.shape[0] * gridCells(images), channels])
    let centre = latent.mean(axis: 0)
    mean.replace(centre)
    deviation.replace(((latent - centre).squared.mean(axis: 0) + 1e-8).squareRoot)
  }

  private func gridCells(_ images: Tensor) -> Int {
    let halvings = encoder.stages.count - 1
    return (images.shape[1] >> halvings) * (images.shape[2] >> halvings)
  }
}

@section("overtone_parts") @used private let registration: Registration = {
  $0.registry.add(ContinuousAutoencoder.self)
}
