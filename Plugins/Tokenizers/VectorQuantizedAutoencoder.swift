import Autoregression
import Networks
import Settings
import Tensors

/// A convolutional autoencoder with a quantized latent (VQGAN; Esser et al. 2020, arXiv 2012.09841): by a learned
/// codebook, by finite scalars, or lookup-free.
package struct VectorQuantizedAutoencoder: ConvolutionalAutoencoder {
  /// The name in YAML.
  package static let key = "vq"
  /// The summary, the source and an example.
  package static let about = About(
    "An autoencoder with a vocabulary: each token is one of a number of codes, and a vector.",
    source: "Esser et al. 2020, arXiv 2012.09841", example: "stride: 4\nwidth: 8\nnorm-groups: 4\ncodes: 64")
  /// Checkpoints whose weights it takes.
  package static let checkpointMappings = [
    CheckpointMapping.autoencoder("LlamaGen", quantizer: [("quantize.embedding", "quantization")], countsUpwards: true),
    CheckpointMapping.autoencoder("VQGAN", quantizer: [("quantize.embedding", "quantization")]),
  ]

  /// The quantizer.
  enum Kind: String, Setting, CaseIterable { case codebook, fsq, lfq }

  /// The tokens for models.
  enum TokenForm: String, Setting, CaseIterable {
    /// Codes and their vectors.
    case codes
    /// The encoder's vectors before quantization, which is then the decoder's first operation: continuous tokens
    /// without a vocabulary (VQ-16 in table 2 of Li et al. 2024, MAR, arXiv 2406.11838).
    case vectors
  }

  /// Images to features.
  package let encoder: Encoder
  let toLatent: Convolution2D
  /// The quantizer with its training.
  package let quantization: any LearnedQuantizer
  /// The latent to the decoder's input.
  package let fromLatent: Convolution2D
  /// Features to images.
  package let decoder: Decoder
  /// Distances of reconstructions to images.
  package let reconstructionLoss: ReconstructionLoss
  let tokenForm: TokenForm

  /// Reads the settings and draws the initial weights.
  package init(_ settings: inout Settings, images: ImageShape, layout: Layout, _ random: inout Random)
    throws(SettingsError)
  {
    let configuration = try AutoencoderConfiguration(&settings, images: images, of: Self.key)
    let channels: Int = try settings[
      "channels", default: configuration.channels(configuration.multipliers.count - 1), in: 1...4096,
      about: "channels of the encoder's output, before the projection to a code (LDM: z_channels)"]
    let kernel = try Projection.kernel(&settings, default: 1)
    let kind: Kind = try settings[
      "quantizer", default: .codebook,
      about: "a learned codebook, finite scalar quantization of 'levels', or lookup-free quantization to 'bits'"]
    switch kind {
    case .codebook:
      let width: Int = try settings[
        "code-width", default: 8, in: 1...4096, about: "channels of a code (LlamaGen: codebook_embed_dim)"]
      try settings.renamed("normalised", to: "l2-normalized")
      let isNormalized: Bool = try settings[
        "l2-normalized", default: false, about: "l2-normalize vectors and codes (ViT-VQGAN, LlamaGen: codebook_l2_norm)"
      ]
      quantization = try Codebook(
        &settings, width: width, matching: isNormalized ? .sphere : .distance, hasEntropy: true, &random)
    case .fsq: quantization = try FiniteScalars(&settings)
    case .lfq: quantization = try LookupFree(&settings)
    }
    tokenForm = try settings[
      "tokens", default: .codes, about: "tokens for models: codes, or the encoder's vectors before quantization"]
    encoder = Encoder(configuration, outputs: channels, &random)
    toLatent = Convolution2D(from: channels, to: quantization.width, kernel: kernel, &random)
    fromLatent = Convolution2D(from: quantization.width, to: channels, kernel: kernel, &random)
    decoder = Decoder(configuration, channels: channels, &random)
    reconstructionLoss = try ReconstructionLoss(&settings, images: images, &random)
  }

  /// The quantizer of the codes, or none where tokens are vectors.
  package var quantizer: any Quantizer { tokenForm == .vectors ? Identity(width: quantization.width) : codes }

  private var codes: any Quantizer { withoutGradients { quantization.view } }

  /// The vectors of the nearest codes, or the encoder's vectors: [batch, rows, columns, width].
  package func encode(_ images: Tensor, _ random: inout Random) -> Tensor {
    let vectors = vectors(of: images)
    return tokenForm == .vectors ? vectors : nearest(vectors)
  }

  /// The vectors of the nearest codes of a latent [batch, rows, columns, width].
  private func nearest(_ vectors: Tensor) -> Tensor {
    let shape = vectors.shape
    return codes.tokens(nearest: vectors.reshaped([shape[0], shape[1] * shape[2], shape[3]])).values.reshaped(shape)
  }

  /// The encoder's vectors before quantization: [batch, rows, columns, width].
  package func vectors(of images: Tensor) -> Tensor { quantization.bounded(toLatent(encoder(images))) }

  /// Images [batch, height, width, 3] of a latent [batch, rows, columns, width].
  package func decode(_ latent: Tensor) -> Tensor {
    reconstruction(of: tokenForm == .vectors ? nearest(latent) : latent)
  }

  /// Reconstruction, codebook and commitment loss of images [batch, height, width, 3].
  package func trainingLoss(
    _ images: Tensor, laidOutBy direction: any RegressionDirection, _ random: inout Random
  ) -> TokenizerLoss? {
    loss(of: vectors(of: images), images, &random)
  }

  /// The loss of images [batch, height, width, 3] whose vectors before quantization are `latent`.
  package func loss(of latent: Tensor, _ images: Tensor, _ random: inout Random) -> TokenizerLoss {
    let width = quantization.width
    let quantized = quantization.quantized(
      latent.reshaped([latent.count / width, width]), samples: latent.shape[0], &random)
    let reconstruction = reconstructionLoss(of: quantized.values.reshaped(latent.shape), images)
    return reconstruction.adding(quantized.loss ?? Tensor(0), quantized.parts)
  }
}

@section("overtone_parts") @used private let registration: Registration = {
  $0.registry.add(VectorQuantizedAutoencoder.self)
}
