import Autoregression
import FixtureSupport
import Networks
import Tensors
import Testing
import Tokenizers

/// LlamaGen's VQ autoencoder, in the sizes of the file.
private func llamaGen(_ file: Fixture, _ entry: String) throws -> (VectorQuantizedAutoencoder, any RegressionDirection)
{
  let multipliers = try file.sizes("ch_mult"), last = multipliers.count - 1
  let isNormalised = try #require(try file.attribute("l2_norm", of: "outputs/\(entry)")) != 0
  let (autoencoder, direction) = try tokenizer(
    """
    use: vq
    stride: \(1 << last)
    width: \(try file.sizes("ch")[0])
    channel-multipliers: \(multipliers)
    blocks: \(try file.sizes("num_res_blocks")[0])
    attention-levels: [\(last)]
    decoder-attention-levels: [\(last)]
    middle-attention: true
    norm-groups: \(try file.sizes("num_groups")[0])
    channels: \(try file.sizes("z_channels")[0])
    codes: \(try file.sizes("codebook_size")[0])
    code-width: \(try file.sizes("codebook_embed_dim")[0])
    l2-normalized: \(isNormalised)
    commitment: \(try #require(file.number("beta")))
    entropy: \(try #require(file.number("entropy_loss_ratio")))
    entropy-temperature: \(try #require(file.number("entropy_temperature")))
    """, size: try file.sizes("image")[0])
  #expect(autoencoder.adopt(try file.weights(), from: "LlamaGen") == nil)
  return (try #require(autoencoder as? VectorQuantizedAutoencoder), direction)
}

@Suite struct VectorQuantizerReferenceTests {
  @Test("codes, straight-through values, losses and all gradients are those of LlamaGen")
  func reference() throws {
    let file = try Fixture("vq_vae"), entries = file.names("outputs"), images = try file.images("inputs/image")
    #expect(!entries.isEmpty)
    for entry in entries {
      let (autoencoder, direction) = try llamaGen(file, entry), out = "outputs/\(entry)"
      var random = Random(seed: 1, samples: Array(0..<images.shape[0]))
      let latent = withoutGradients { autoencoder.vectors(of: images) }
      #expect(try file.disagreement(latent.permuted([0, 3, 1, 2]), "\(out)/h") == nil)
      let canvas = direction.canvas(of: latent, by: autoencoder.quantizer)
      #expect(try canvas.codes.map { Array($0.joined()) } == file.ints("\(out)/indices"))
      let near = direction.latent(of: canvas, by: autoencoder.quantizer)
      #expect(withoutGradients { autoencoder.encode(images, &random) }.distance(to: near) == 0)
      #expect(
        try file.disagreement(withoutGradients { autoencoder.decode(near) }.permuted([0, 3, 1, 2]), "\(out)/recon")
          == nil)

      let isNormalised = try file.attribute("l2_norm", of: out) != 0
      let placed = isNormalised ? latent.normalized() : latent
      let distances = (placed - near).squared.sum(axis: 3)
      #expect(try file.disagreement(distances, "\(out)/min_dist") == nil)
      let width = latent.shape[3], rows = latent.reshaped([latent.count / width, width])
      let found = autoencoder.quantization.quantized(rows, samples: images.shape[0], &random)
      #expect(try file.disagreement(found.values.reshaped(latent.shape).permuted([0, 3, 1, 2]), "\(out)/z_q") == nil)

      let loss = try #require(autoencoder.trainingLoss(images, laidOutBy: direction, &random))
      for (part, name) in [
        ("reconstruction", "rec_loss"), ("codebook", "vq_loss"), ("commitment", "commit_loss"),
        ("entropy", "entropy_loss"),
      ] {
        #expect(try file.disagreement(Tensor(loss.part(part)), "\(out)/\(name)") == nil)
      }
      #expect(try file.disagreement(loss.total, "\(out)/loss") == nil)
      #expect(try gradientDifferences(loss.total, of: autoencoder, as: "LlamaGen", from: file, entry) == [])
      if file.has("grads/\(entry)/__h") {
        let h = try file.images("\(out)/h").tracked,
          gradient = autoencoder.loss(of: h, images, &random).total.gradients(of: [h])
        #expect(try file.disagreement(gradient[0].permuted([0, 3, 1, 2]), "grads/\(entry)/__h") == nil)
      }
    }
  }

  @Test("usage and perplexity are those of the codes that were chosen")
  func usage() throws {
    let use = CodebookUsage([0, 0, 5, 5], of: 8)
    #expect(use.usage == 0.25 && abs(use.perplexity - 2) < 1e-6)
    let file = try Fixture("vq_vae"), images = try file.images("inputs/image")
    for entry in file.names("outputs") {
      let (autoencoder, direction) = try llamaGen(file, entry)
      var random = Random(seed: 1, samples: Array(0..<images.shape[0]))
      let loss = try #require(autoencoder.trainingLoss(images, laidOutBy: direction, &random))
      let codes = try file.ints("outputs/\(entry)/indices"), size = try file.sizes("codebook_size")[0]
      #expect(try loss.part("usage") == Float(Set(codes).count) / Float(size))
      #expect(try loss.part("perplexity") == CodebookUsage(codes, of: size).perplexity)
    }
  }

  @Test("names of VQGAN's checkpoints are ours, one by one; its losses and buffers are left out")
  func names() throws {
    // The same networks as those of latent diffusion, with a codebook between.
    let file = try Fixture("kl_vae"), multipliers = try file.sizes("ch_mult"), last = multipliers.count - 1
    let size = try file.sizes("image")[0]
    let attended = (0...last).filter { level in
      file.names("weights").contains { $0.hasPrefix("encoder.down.\(level).attn") }
    }
    let (autoencoder, _) = try tokenizer(
      """
      { use: vq, stride: \(1 << last), width: 8, norm-groups: 4, channel-multipliers: \(multipliers),
        attention-levels: \(attended),
        blocks: \(try file.sizes("num_res_blocks")[0]), middle-attention: true }
      """, size: size)
    var weights = try file.weights()
    for other in ["quantize.embedding.weight", "loss.discriminator.main.0.weight", "quantize.codebook_used"] {
      weights[other] = Tensor(zeros: [4, 4])
    }
    let found = try checkpointMapping("VQGAN", of: autoencoder).translated(weights)
    #expect(Set(found.keys) == Set(autoencoder.parameters.map(\.path)))
    #expect(!found.values.contains { $0.sources.contains("loss.discriminator.main.0.weight") })
  }
}
