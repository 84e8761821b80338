import Autoregression
import Networks
import Settings
import Tensors

/// A convolutional autoencoder whose latent is brought to a finite number of codes (VQGAN; Esser et al. 2020, arXiv
/// 2012.09841), by a learned codebook, by rounding or by signs.
package struct VectorQuantizedAutoencoder: Tokenizer {
  package static let key = "vq"
  package static let about = About(
    "An autoencoder with a vocabulary: each token is one of a number of codes, and a vector.",
    source: "Esser et al. 2020, arXiv 2012.09841", example: "stride: 4\nwidth: 8\ngroups: 4\ncodes: 64")
  package static let checkpointMappings = [
    CheckpointMapping.autoencoder(
      "LlamaGen", quantizer: [("quantize.embedding", "quantization")], runningDecoder: true),
    CheckpointMapping.autoencoder("VQGAN", quantizer: [("quantize.embedding", "quantization")]),
  ]

  enum Kind: String, Setting, CaseIterable { case codebook, fsq, lfq }

  enum Given: String, Setting, CaseIterable {
    case codes
    /// What the encoder says before it is brought to codes, which is then the decoder's first act: continuous tokens
    /// without a vocabulary (VQ-16 in table 2 of Li et al. 2024, MAR, arXiv 2406.11838).
    case vectors
  }

  let encoder: Encoder
  let toLatent: Convolution2D
  package let quantization: any LearnedQuantizer
  let fromLatent: Convolution2D
  let decoder: Decoder
  let fidelity: Fidelity
  let given: Given

  package static func grid(_ settings: inout Settings, images: ImageShape) throws(SettingsError) -> Grid {
    try ConvolutionPlan.grid(&settings, images: images, of: key)
  }

  package init(_ settings: inout Settings, images: ImageShape, layout: Layout, _ random: inout Random)
    throws(SettingsError)
  {
    let plan = try ConvolutionPlan(&settings, images: images, of: Self.key)
    let channels: Int = try settings[
      "channels", default: plan.channels(plan.multipliers.count - 1), in: 1...4096,
      about: "channels of the encoder's output, before they become the numbers of a token"]
    let kernel = try Projection.kernel(&settings, default: 1)
    let kind: Kind = try settings[
      "quantizer", default: .codebook,
      about: "a learned codebook, rounding to 'levels' (finite scalars), or the signs of 'bits' numbers (lookup-free)"]
    switch kind {
    case .codebook:
      let width: Int = try settings["code-width", default: 8, in: 1...4096, about: "numbers of a code"]
      let isNormalised: Bool = try settings["normalised", default: false, about: "vectors and codes have length 1"]
      quantization = try Codebook(
        &settings, width: width, matching: isNormalised ? .sphere : .distance, hasEntropy: true, &random)
    case .fsq: quantization = try FiniteScalars(&settings)
    case .lfq: quantization = try LookupFree(&settings)
    }
    given = try settings["tokens", default: .codes, about: "codes, or the vectors that these are the nearest to"]
    encoder = Encoder(plan, outputs: channels, &random)
    toLatent = Convolution2D(from: channels, to: quantization.width, kernel: kernel, &random)
    fromLatent = Convolution2D(from: quantization.width, to: channels, kernel: kernel, &random)
    decoder = Decoder(plan, channels: channels, &random)
    fidelity = try Fidelity(&settings, images: images, &random)
  }

  package var quantizer: any Quantizer { given == .vectors ? Identity(width: quantization.width) : codes }

  private var codes: any Quantizer { withoutGradients { quantization.view } }

  /// The vectors of the nearest codes, or what the encoder says.
  package func encode(_ images: Tensor, _ random: inout Random) -> Tensor {
    let vectors = vectors(of: images)
    return given == .vectors ? vectors : nearest(vectors)
  }

  private func nearest(_ vectors: Tensor) -> Tensor {
    let shape = vectors.shape
    return codes.tokens(nearest: vectors.reshaped([shape[0], shape[1] * shape[2], shape[3]])).values.reshaped(shape)
  }

  /// What is brought to codes: [batch, rows, columns, width].
  package func vectors(of images: Tensor) -> Tensor { quantization.placed(toLatent(encoder(images))) }

  package func decode(_ latent: Tensor) -> Tensor {
    decoder(fromLatent(given == .vectors ? nearest(latent) : latent))
  }

  package func trainingLoss(
    _ images: Tensor, laidOutBy direction: any RegressionDirection, _ random: inout Random
  ) -> TokenizerLoss? {
    loss(of: vectors(of: images), images, &random)
  }

  /// The loss of images whose vectors are `latent`.
  package func loss(of latent: Tensor, _ images: Tensor, _ random: inout Random) -> TokenizerLoss {
    let width = quantization.width
    let found = quantization.quantized(
      latent.reshaped([latent.count / width, width]), samples: latent.shape[0], &random)
    let features = decoder.features(fromLatent(found.values.reshaped(latent.shape)))
    let near = fidelity(images, features, through: decoder.output)
    return found.loss.map { near.adding($0, found.parts) } ?? near.adding(Tensor(0), found.parts)
  }

  package var files: [String] { fidelity.files }

  package var discriminator: (any Module)? { fidelity.adversary?.discriminator }
}

@section("overtone_parts") @used private let registration: Registration = {
  $0.registry.add(VectorQuantizedAutoencoder.self)
}
