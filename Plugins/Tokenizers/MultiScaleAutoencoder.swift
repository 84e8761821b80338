import Autoregression
import Networks
import Settings
import Tensors

/// A convolutional autoencoder with a residual quantizer: the latent is a sum of token maps, each of which quantizes
/// the residual of the maps before it (VAR; Tian et al. 2024, arXiv 2404.02905, algorithm 1).
///
/// The maps are those of the direction: it is trained in the layout of the experiment's direction, and codes of another
/// direction's layout differ. A direction of one level makes it an ordinary vector-quantized autoencoder.
package struct MultiScaleAutoencoder: ConvolutionalAutoencoder {
  /// The name in YAML.
  package static let key = "multi-scale-vq"
  /// The summary, the source and an example.
  package static let about = About(
    "A vocabulary for residual maps: the latent is quantized level by level, as the direction lays it out.",
    source: "Tian et al. 2024 (VAR), arXiv 2404.02905",
    example: "stride: 4\nwidth: 8\nnorm-groups: 4\ncodes: 64\ncode-width: 8")
  /// Checkpoints whose weights it takes.
  package static let checkpointMappings = [
    CheckpointMapping.autoencoder(
      "VAR",
      quantizer: [
        ("quantize.embedding", "codebook"), ("quantize.quant_resi.qresi_ls.", "refinements.phi."),
        ("quantize.quant_resi.qresi.", "refinements.phi.0."), ("quantize.quant_resi.", "refinements.phi."),
      ])
  ]

  /// The measure of nearness of vectors and codes.
  enum Nearest: String, Setting, CaseIterable { case distance, cosine }

  /// Images to features.
  package let encoder: Encoder
  let toLatent: Convolution2D
  /// The codes of all levels.
  package let codebook: Codebook
  /// The convolutions of token maps.
  package let refinements: Refinements
  /// The latent to the decoder's input.
  package let fromLatent: Convolution2D
  /// Features to images.
  package let decoder: Decoder
  /// Distances of reconstructions to images.
  package let reconstructionLoss: ReconstructionLoss

  /// Reads the settings and draws the initial weights.
  package init(_ settings: inout Settings, images: ImageShape, layout: Layout, _ random: inout Random)
    throws(SettingsError)
  {
    let configuration = try AutoencoderConfiguration(&settings, images: images, of: Self.key)
    let width: Int = try settings[
      "code-width", default: 32, in: 1...4096, about: "channels of a code and of the latent (VAR: Cvae)"]
    let kernel = try Projection.kernel(&settings, default: 3)
    let nearest: Nearest = try settings[
      "nearest", default: .distance, about: "the nearest code by Euclidean distance or by cosine (VAR: using_znorm)"]
    codebook = try Codebook(
      &settings, width: width, matching: nearest == .cosine ? .cosine : .distance, hasEntropy: false, &random)
    refinements = try Refinements(&settings, width: width, levels: layout.levels, &random)
    encoder = Encoder(configuration, outputs: width, &random)
    toLatent = Convolution2D(from: width, to: width, kernel: kernel, &random)
    fromLatent = Convolution2D(from: width, to: width, kernel: kernel, &random)
    decoder = Decoder(configuration, channels: width, &random)
    reconstructionLoss = try ReconstructionLoss(&settings, images: images, &random)
  }

  /// The residual quantizer, without gradients.
  package var quantizer: any Quantizer { withoutGradients { view } }

  private var view: ResidualQuantizer { ResidualQuantizer(table: codebook.tableView, refine: refinements.refine) }

  /// The codes are those of one direction's layout.
  package var followsLayout: Bool { true }

  /// The latent before quantization: [batch, rows, columns, width].
  package func encode(_ images: Tensor, _ random: inout Random) -> Tensor { toLatent(encoder(images)) }

  /// Images [batch, height, width, 3] of a latent [batch, rows, columns, width].
  package func decode(_ latent: Tensor) -> Tensor { reconstruction(of: latent) }

  /// Reconstruction, codebook and commitment loss of images [batch, height, width, 3].
  package func trainingLoss(
    _ images: Tensor, laidOutBy direction: any RegressionDirection, _ random: inout Random
  ) -> TokenizerLoss? {
    let quantized = quantized(encode(images, &random), laidOutBy: direction, &random)
    return reconstructionLoss(of: quantized.latent, images).adding(quantized.loss, quantized.parts)
  }

  /// A quantized latent, [batch, rows, columns, width].
  package struct QuantizedLatent: Sendable {
    /// The sum of all token maps, straight-through.
    package var latent: Tensor
    /// Codebook and commitment loss, means over the partial sums.
    package var loss: Tensor
    /// Terms of the loss and statistics by name, for the log.
    package var parts: [(name: String, value: Float)]
  }

  /// Quantizes a latent [batch, rows, columns, width] in training, level by level.
  package func quantized(
    _ latent: Tensor, laidOutBy direction: any RegressionDirection, _ random: inout Random
  ) -> QuantizedLatent {
    let fixed = latent.detached, samples = latent.shape[0]
    codebook.restartDeadCodes(&random, samples: samples) {
      let recording = RecordingQuantizer(quantizer)
      record(fixed, laidOutBy: direction, by: recording)
      return Self.bySample(recording.lookups.map(\.rows), samples: samples)
    }
    let recording = RecordingQuantizer(view), canvas = direction.canvas(of: fixed, by: recording)
    // A direction may have levels without slots (they only filter the context): these add nothing.
    let slots = direction.layout.slots, levels = Set(slots.map(\.level)).sorted()
    let sums = levels.map { direction.latent(of: canvas, through: $0, by: recording) }
    let last =
      levels.last == direction.layout.levels - 1 ? sums[sums.count - 1] : direction.latent(of: canvas, by: recording)
    let scale = 1 / Float(sums.count)
    func mean(_ terms: [Tensor]) -> Tensor { terms.dropFirst().reduce(terms[0], +) * scale }
    let towardsCodes = mean(sums.map { ($0.detached - latent).squared.mean })
    let towardsLatent = mean(sums.map { ($0 - fixed).squared.mean })
    let commitment = codebook.commitmentLoss(towardsCodes), codebookLoss = codebook.codebookLoss(towardsLatent)
    let terms =
      [("codebook", codebookLoss.scalar), ("commitment", commitment.scalar)] as [(name: String, value: Float)]
    codebook.updateStatistics(
      Tensor.concatenated(recording.lookups.map(\.rows), axis: 0), recording.lookups.flatMap(\.codes))
    return QuantizedLatent(
      latent: latent.straightThrough(last), loss: commitment + codebookLoss,
      parts: terms + usage(of: canvas.codes ?? [], levels: slots.map(\.level)))
  }

  /// Looks up the vectors of a latent in the layout of a direction; the result is in the record.
  private func record(_ latent: Tensor, laidOutBy direction: any RegressionDirection, by recording: RecordingQuantizer)
  {
    _ = direction.canvas(of: latent, by: recording)
  }

  /// Usage of the codebook at each level and perplexity over all levels, of codes [batch][slots] whose levels are
  /// [slots].
  private func usage(of codes: Indices, levels: [Int]) -> [(name: String, value: Float)] {
    let distinct = Set(levels).sorted()
    let usage = distinct.map { level in
      let slots = levels.indices.filter { levels[$0] == level }
      let usage = CodebookUsage(codes.flatMap { row in slots.map { row[$0] } }, of: codebook.count)
      return (name: distinct.count == 1 ? "usage" : "usage-\(level)", value: usage.usage)
    }
    return usage + [("perplexity", CodebookUsage(Array(codes.joined()), of: codebook.count).perplexity)]
  }

  /// The vectors of several lookups, [samples x rows, width] each, those of a sample together.
  private static func bySample(_ parts: [Tensor], samples: Int) -> Tensor {
    let width = parts[0].shape[1]
    let joined = Tensor.concatenated(parts.map { $0.reshaped([samples, $0.shape[0] / samples, width]) }, axis: 1)
    return joined.reshaped([joined.shape[0] * joined.shape[1], width])
  }
}

@section("overtone_parts") @used private let registration: Registration = {
  $0.registry.add(MultiScaleAutoencoder.self)
}
