import Autoregression
import Networks
import Settings
import Tensors

/// A convolutional autoencoder whose latent is a sum of maps of codes, each bringing what the ones before it left
/// (VAR; Tian et al. 2024, arXiv 2404.02905).
///
/// Which maps there are is the direction's to say: it is trained in the layout of the experiment's direction, and one
/// trained for another has other codes. A direction of one level makes it an ordinary vector-quantized autoencoder.
package struct MultiScaleAutoencoder: Tokenizer {
  package static let key = "multi-scale-vq"
  package static let about = About(
    "A vocabulary for residual maps: the latent is quantized level by level, as the direction lays it out.",
    source: "Tian et al. 2024 (VAR), arXiv 2404.02905",
    example: "stride: 4\nwidth: 8\ngroups: 4\ncodes: 64\ncode-width: 8")
  package static let checkpointMappings = [
    CheckpointMapping.autoencoder(
      "VAR",
      quantizer: [
        ("quantize.embedding", "codebook"), ("quantize.quant_resi.qresi_ls.", "refinements.phi."),
        ("quantize.quant_resi.qresi.", "refinements.phi.0."), ("quantize.quant_resi.", "refinements.phi."),
      ])
  ]

  enum Nearest: String, Setting, CaseIterable { case distance, cosine }

  let encoder: Encoder
  let toLatent: Convolution2D
  package let codebook: Codebook
  package let refinements: Refinements
  let fromLatent: Convolution2D
  let decoder: Decoder
  let fidelity: Fidelity

  package static func grid(_ settings: inout Settings, images: ImageShape) throws(SettingsError) -> Grid {
    try ConvolutionPlan.grid(&settings, images: images, of: key)
  }

  package init(_ settings: inout Settings, images: ImageShape, layout: Layout, _ random: inout Random)
    throws(SettingsError)
  {
    let plan = try ConvolutionPlan(&settings, images: images, of: Self.key)
    let width: Int = try settings["code-width", default: 32, in: 1...4096, about: "numbers of a code, and of a cell"]
    let kernel = try Projection.kernel(&settings, default: 3)
    let nearest: Nearest = try settings["nearest", default: .distance, about: "how a vector finds its code"]
    codebook = try Codebook(
      &settings, width: width, matching: nearest == .cosine ? .cosine : .distance, hasEntropy: false, &random)
    refinements = try Refinements(&settings, width: width, levels: layout.levels, &random)
    encoder = Encoder(plan, outputs: width, &random)
    toLatent = Convolution2D(from: width, to: width, kernel: kernel, &random)
    fromLatent = Convolution2D(from: width, to: width, kernel: kernel, &random)
    decoder = Decoder(plan, channels: width, &random)
    fidelity = try Fidelity(&settings, images: images, &random)
  }

  package var quantizer: any Quantizer { withoutGradients { view } }

  private var view: ResidualQuantizer { ResidualQuantizer(table: codebook.tableView, refine: refinements.refine) }

  package func encode(_ images: Tensor, _ random: inout Random) -> Tensor { toLatent(encoder(images)) }

  package func decode(_ latent: Tensor) -> Tensor { decoder(fromLatent(latent)) }

  package func trainingLoss(
    _ images: Tensor, laidOutBy direction: any RegressionDirection, _ random: inout Random
  ) -> TokenizerLoss? {
    let found = quantized(encode(images, &random), laidOutBy: direction, &random)
    let features = decoder.features(fromLatent(found.latent))
    return fidelity(images, features, through: decoder.output).adding(found.loss, found.parts)
  }

  /// A latent as codes give it back, straight-through, and the loss of every partial sum: latent and result
  /// [batch, rows, columns, width].
  package func quantized(_ latent: Tensor, laidOutBy direction: any RegressionDirection, _ random: inout Random) -> (
    latent: Tensor, loss: Tensor, parts: [(name: String, value: Float)]
  ) {
    let fixed = latent.detached
    codebook.revive(&random, samples: latent.shape[0]) {
      // What the levels bring to the codes; only asked when some code is dead.
      let recording = RecordingQuantizer(quantizer)
      _ = direction.canvas(of: fixed, by: recording)
      return Self.bySample(recording.asked.map(\.rows), samples: latent.shape[0])
    }
    let recording = RecordingQuantizer(view), canvas = direction.canvas(of: fixed, by: recording)
    // A direction may have levels that no slot belongs to (they only filter what is shown): these add nothing.
    let slots = direction.layout.slots, levels = Set(slots.map(\.level)).sorted()
    let sums = levels.map { direction.latent(of: canvas, through: $0, by: recording) }
    let last =
      levels.last == direction.layout.levels - 1 ? sums[sums.count - 1] : direction.latent(of: canvas, by: recording)
    let scale = 1 / Float(sums.count)
    func mean(_ terms: [Tensor]) -> Tensor { terms.dropFirst().reduce(terms[0], +) * scale }
    let towardsCodes = mean(sums.map { ($0.detached - latent).squared.mean })
    let towardsLatent = mean(sums.map { ($0 - fixed).squared.mean })
    let pull = codebook.isLegacy ? towardsCodes : towardsCodes * codebook.commitment
    let push = codebook.isLegacy ? towardsLatent * codebook.commitment : towardsLatent
    var parts = [("codebook", push.scalar), ("commitment", pull.scalar)] as [(name: String, value: Float)]
    let codes = canvas.codes ?? []
    for level in levels {
      let own = slots.indices.filter { slots[$0].level == level }
      let use = CodeUse(codes.flatMap { row in own.map { row[$0] } }, of: codebook.count)
      parts.append((levels.count == 1 ? "usage" : "usage-\(level)", use.usage))
    }
    parts.append(("perplexity", CodeUse(Array(codes.joined()), of: codebook.count).perplexity))
    codebook.observe(
      Tensor.concatenated(recording.asked.map(\.rows), axis: 0), recording.asked.flatMap(\.codes))
    return (latent + (last - latent).detached, pull + push, parts)
  }

  /// Vectors of several askings [samples x rows, width], those of one sample together.
  private static func bySample(_ parts: [Tensor], samples: Int) -> Tensor {
    let width = parts[0].shape[1]
    let joined = Tensor.concatenated(parts.map { $0.reshaped([samples, $0.shape[0] / samples, width]) }, axis: 1)
    return joined.reshaped([joined.shape[0] * joined.shape[1], width])
  }

  package var followsLayout: Bool { true }

  package var files: [String] { fidelity.files }

  package var discriminator: (any Module)? { fidelity.adversary?.discriminator }
}

@section("overtone_parts") @used private let registration: Registration = {
  $0.registry.add(MultiScaleAutoencoder.self)
}
