import Autoregression
import FixtureSupport
import Networks
import Tensors
import Testing
import Tokenizers

/// VAR's autoencoder, in the sizes of the file.
private func multiScale(_ file: Fixture, nearest: String) throws -> (MultiScaleAutoencoder, any RegressionDirection) {
  let multipliers = try file.sizes("ch_mult"), last = multipliers.count - 1,
    direction = try scales(file.sizes("patch_nums"))
  let shared = try file.sizes("share_quant_resi")[0]
  let (autoencoder, _) = try tokenizer(
    """
    use: multi-scale-vq
    stride: \(1 << last)
    width: \(try file.sizes("ch")[0])
    channel-multipliers: \(multipliers)
    blocks: \(try file.sizes("num_res_blocks")[0])
    attention-levels: [\(last)]
    decoder-attention-levels: [\(last)]
    middle-attention: true
    norm-groups: \(try file.sizes("num_groups")[0])
    codes: \(try file.sizes("V")[0])
    code-width: \(try file.sizes("Cvae")[0])
    commitment: \(try #require(file.number("beta")))
    projection-kernel: \(try file.sizes("quant_conv_ks")[0])
    phi: \(shared == 0 ? "separate" : shared == 1 ? "shared" : "partial")
    phi-count: \(max(1, shared))
    phi-blend: \(try #require(file.number("quant_resi")))
    nearest: \(nearest)
    """, size: try file.sizes("image")[0], in: direction)
  #expect(autoencoder.adopt(try file.weights(), from: "VAR") == nil)
  return (try #require(autoencoder as? MultiScaleAutoencoder), direction)
}

extension Tensor {
  fileprivate var channelsFirst: Tensor { permuted([0, 3, 1, 2]) }
}

@Suite struct MultiScaleReferenceTests {
  @Test(
    "the residual quantizer's codes, partial sums, loss and gradients are those of VAR",
    arguments: [("quant_plain", "distance"), ("quant_znorm", "cosine")])
  func quantizer(_ entry: String, _ nearest: String) throws {
    let file = try Fixture("var_vq"), out = "outputs/\(entry)",
      (autoencoder, direction) = try multiScale(file, nearest: nearest)
    let latent = try file.images("inputs/quant/f"), sides = try file.sizes("patch_nums")
    let canvas = direction.canvas(of: latent, by: autoencoder.quantizer)
    try compareCodes(canvas, direction, file, out)
    for level in sides.indices {
      let sum = direction.latent(of: canvas, through: level, by: autoencoder.quantizer)
      #expect(try file.disagreement(sum.channelsFirst, "\(out)/fhat\(level)") == nil)
      #expect(try file.disagreement(sum.channelsFirst, "\(out)/ar_fhat\(level)") == nil)
      let next = level + 1 < sides.count ? sides[level + 1] : sides[level]
      #expect(
        try file.disagreement(
          sum.resampled(height: next, width: next, .area).channelsFirst, "\(out)/ar_next\(level)") == nil)
    }
    let fed = direction.inputs(of: canvas, at: Turn(), by: autoencoder.quantizer).values
    #expect(
      try file.disagreement(fed.sliced(direction.rows(1).lowerBound..<fed.shape[1], axis: 1), "\(out)/var_input") == nil
    )
    let again = autoencoder.quantizer.tokens(coded: try #require(canvas.codes))
    #expect(
      try file.disagreement(
        direction.latent(of: again, by: autoencoder.quantizer).channelsFirst, "\(out)/embed_to_fhat") == nil)

    var random = Random(seed: 1, samples: Array(0..<latent.shape[0]))
    let tracked = latent.tracked, found = autoencoder.quantized(tracked, laidOutBy: direction, &random)
    #expect(try file.disagreement(found.latent.channelsFirst, "\(out)/forward_fhat") == nil)
    #expect(try file.disagreement(found.loss, "\(out)/vq_loss") == nil)
    let total = found.loss + (found.latent * (try file.images("inputs/quant/w"))).sum
    let phi = autoencoder.refinements.phi
    let gradients = total.gradients(
      of: [tracked, autoencoder.codebook.weight()] + phi.flatMap { [$0.weight(), $0.bias()] })
    #expect(try file.disagreement(gradients[0].channelsFirst, "\(out)/grad_f") == nil)
    #expect(try file.disagreement(gradients[1], "\(out)/grad_embedding") == nil)
    let stored = file.names(out).filter { $0.hasPrefix("grad_quant_resi") }.sorted { number($0) < number($1) }
    #expect(stored.count == 2 * phi.count && !stored.isEmpty)
    for name in stored {
      let index = 2 + 2 * number(name), isWeight = name.hasSuffix("weight")
      let gradient = isWeight ? gradients[index].channelsFirst : gradients[index + 1]
      #expect(try file.disagreement(gradient, "\(out)/\(name)") == nil)
    }
  }

  /// 3 of "grad_quant_resi_qresi_ls_3_weight"; 0 where no number stands.
  private func number(_ name: String) -> Int { name.split(separator: "_").compactMap { Int($0) }.first ?? 0 }

  private func compareCodes(_ canvas: Tokens, _ direction: any RegressionDirection, _ file: Fixture, _ group: String)
    throws
  {
    let codes = try #require(canvas.codes)
    for level in (0..<direction.layout.levels) {
      let ours = codes.flatMap { $0[direction.rows(level)] }
      #expect(try ours == file.ints("\(group)/idx\(level)"), "\(group), level \(level)")
    }
  }

  @Test("the autoencoder around it and all gradients are those of VAR")
  func autoencoder() throws {
    let file = try Fixture("var_vq"), (autoencoder, direction) = try multiScale(file, nearest: "distance"),
      out = "outputs/vae"
    let images = try file.images("inputs/image")
    var random = Random(seed: 1, samples: Array(0..<images.shape[0]))
    let latent = withoutGradients { autoencoder.encode(images, &random) }
    #expect(try file.disagreement(latent.channelsFirst, "\(out)/f") == nil)
    let canvas = direction.canvas(of: latent, by: autoencoder.quantizer)
    try compareCodes(canvas, direction, file, out)
    let recon = withoutGradients { autoencoder.decode(direction.latent(of: canvas, by: autoencoder.quantizer)) }
    #expect(try file.disagreement(recon.channelsFirst, "\(out)/recon") == nil)
    #expect(try file.disagreement(recon.clamped(to: -1...1).channelsFirst, "\(out)/img") == nil)
    let features = try file.images("inputs/quant/f"), decoded = withoutGradients { autoencoder.decode(features) }
    #expect(try file.disagreement(decoded.clamped(to: -1...1).channelsFirst, "\(out)/fhat_to_img") == nil)
    let loss = try #require(autoencoder.trainingLoss(images, laidOutBy: direction, &random))
    #expect(try file.disagreement(Tensor(loss.part("reconstruction")), "\(out)/rec_loss") == nil)
    #expect(
      try file.disagreement(Tensor(loss.part("codebook") + loss.part("commitment")), "\(out)/vq_loss") == nil)
    #expect(try file.disagreement(loss.total, "\(out)/loss") == nil)
    #expect(try gradientDifferences(loss.total, of: autoencoder, as: "VAR", from: file, "vae") == [])
    for level in (0..<direction.layout.levels) { #expect(try loss.part("usage-\(level)") > 0) }
  }

  @Test("a level takes the refinement that VAR takes, for every number of levels and refinements on file")
  func phi() throws {
    let file = try Fixture("var_vq"), names = file.names("phi_index")
    #expect(!names.isEmpty)
    for name in names {
      let numbers = name.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) },
        (count, levels) = (numbers[0], numbers[1])
      let ours = (0..<levels).map { level in
        // In single precision, as directions give it.
        let depth = Float(level) / Float(max(1, levels - 1))
        return Refinements.index(at: Refinements.exact(depth, levels: levels), of: count)
      }
      #expect(try ours == file.ints("phi_index/\(name)"), "\(name)")
    }
  }
}
