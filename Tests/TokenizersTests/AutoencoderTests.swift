import Autoregression
import FixtureSupport
import Networks
import Settings
import Tensors
import Testing
import Tokenizers

@Suite struct AutoencoderTests {
  @Test("the KL autoencoder and every gradient are those of the reference")
  func reference() throws {
    let file = try Fixture("kl_vae"), z = try file.sizes("z_channels")[0], multipliers = try file.sizes("ch_mult")
    let size = try file.sizes("image")[0], levels = multipliers.count, cells = size >> (levels - 1)
    let attended = (0..<levels).filter { level in (try? file.sizes("attn_resolutions").contains(size >> level)) ?? false
    }
    // The reference adds 0.001 times the sum over a latent; ours weighs the mean.
    let weight = 0.001 * Double(cells * cells * z)
    let (autoencoder, direction) = try tokenizer(
      """
      use: continuous
      stride: \(1 << (levels - 1))
      channels: \(z)
      width: \(try file.sizes("ch")[0])
      channel-multipliers: \(multipliers)
      blocks: \(try file.sizes("num_res_blocks")[0])
      attention-levels: \(attended)
      middle-attention: true
      norm-groups: \(try file.sizes("num_groups")[0])
      kl-weight: \(weight)
      """, size: size)
    #expect(autoencoder.adopt(try file.weights(), from: "LDM") == nil)
    let images = try file.images("inputs/train/image"), noise = try file.images("inputs/train/posterior_noise")
    let samples = Array(0..<images.shape[0])
    var random = Random(replaying: ["posterior": [noise, noise]], samples: samples)
    let latent = withoutGradients { autoencoder.encode(images, &random) }
    #expect(try file.disagreement(latent.permuted([0, 3, 1, 2]), "outputs/train/z") == nil)
    #expect(
      try file.disagreement(
        withoutGradients { autoencoder.decode(latent) }.permuted([0, 3, 1, 2]), "outputs/train/recon")
        == nil)
    let loss = try #require(autoencoder.trainingLoss(images, laidOutBy: direction, &random))
    #expect(try file.disagreement(loss.total, "outputs/train/loss") == nil)
    #expect(try file.disagreement(Tensor(loss.parts[0].value), "outputs/train/rec_loss") == nil)
    #expect(try gradientDifferences(loss.total, of: autoencoder, as: "LDM", from: file, "train") == [])
  }

  @Test("latents have mean 0 and deviation 1 once they were measured")
  func calibration() throws {
    var (autoencoder, _) = try tokenizer("{ use: continuous, stride: 4, width: 8, norm-groups: 4 }")
    var random = Random(seed: 2, samples: Array(0..<16))
    let images = random.normal([16, 32, 32, 3], "images") * 0.4
    withoutGradients { autoencoder.calibrate(on: images, &random) }
    let latent = withoutGradients { autoencoder.encode(images, &random) }.reshaped([16 * 64, 4])
    let mean = latent.mean(axis: 0), deviation = (latent - mean).squared.mean(axis: 0).squareRoot
    #expect(
      mean.distance(to: Tensor(zeros: [4])) < 0.15 && deviation.distance(to: Tensor(repeating: 1, shape: [4])) < 0.15)
  }

  @Test("with a latent scale, latents are multiplied by it and nothing is measured")
  func scale() throws {
    let settings = "use: continuous, stride: 4, width: 8, norm-groups: 4, latents: mean"
    var (autoencoder, _) = try tokenizer("{ \(settings), latent-scale: 0.25 }")
    let (plain, _) = try tokenizer("{ \(settings) }")
    var random = Random(seed: 2, samples: [0, 1])
    let images = random.normal([2, 32, 32, 3], "images")
    withoutGradients { autoencoder.calibrate(on: images, &random) }
    let (ours, raw) = withoutGradients { (autoencoder.encode(images, &random), plain.encode(images, &random)) }
    #expect(ours.distance(to: raw * 0.25) < 1e-6)
    #expect(withoutGradients { autoencoder.decode(ours).distance(to: plain.decode(raw)) } < 1e-4)
  }

  @Test("every stride and depth builds and gives its grid", arguments: [2, 4, 8, 16], [0, 1])
  func strides(_ stride: Int, _ blocks: Int) throws {
    let (autoencoder, direction) = try tokenizer(
      "{ use: continuous, stride: \(stride), width: 8, norm-groups: 4, blocks: \(blocks) }")
    var random = Random(seed: 3)
    let image = random.normal([1, 32, 32, 3], "x"), latent = withoutGradients { autoencoder.encode(image, &random) }
    #expect(latent.shape == [1, 32 / stride, 32 / stride, 4] && direction.layout.grid.height == 32 / stride)
    #expect(withoutGradients { autoencoder.decode(latent) }.shape == image.shape)
  }

  @Test("a patch of cells is one token, and decodes to the same images")
  func groups() throws {
    let settings = "use: continuous, stride: 4, width: 8, norm-groups: 4, latents: mean"
    let (autoencoder, direction) = try tokenizer("{ \(settings), patch-size: 2 }"),
      (plain, _) = try tokenizer("{ \(settings) }")
    var random = Random(seed: 2, samples: [0, 1])
    let images = random.normal([2, 32, 32, 3], "images")
    let (tokens, cells) = withoutGradients { (autoencoder.encode(images, &random), plain.encode(images, &random)) }
    let mean = withoutGradients { autoencoder.posterior(of: images).mean }
    #expect(direction.layout.grid == Grid(height: 4, width: 4) && autoencoder.quantizer.space.width == 16)
    #expect(tokens.shape == [2, 4, 4, 16] && mean.distance(to: tokens) == 0)
    // The token in row 1, column 2 holds cells (2, 4), (2, 5), (3, 4) and (3, 5).
    for (part, cell) in [(2, 4), (2, 5), (3, 4), (3, 5)].enumerated() {
      let token = tokens.sliced(1..<2, axis: 1).sliced(2..<3, axis: 2).sliced(part * 4..<part * 4 + 4, axis: 3)
      let alone = cells.sliced(cell.0..<cell.0 + 1, axis: 1).sliced(cell.1..<cell.1 + 1, axis: 2)
      #expect(token.distance(to: alone) == 0)
    }
    #expect(withoutGradients { autoencoder.decode(tokens).distance(to: plain.decode(cells)) } == 0)
    #expect(
      message("{ use: continuous, stride: 4, patch-size: 3 }")
        == "test:1:31: a latent of 8x8 cells does not divide into patches of 3x3; use another 'patch-size'.")
  }

  @Test("vectors before their codes are continuous tokens; decoding brings them to codes first")
  func vectors() throws {
    let settings = "use: vq, stride: 4, width: 8, norm-groups: 4, codes: 16, code-width: 4"
    let (autoencoder, _) = try tokenizer("{ \(settings), tokens: vectors }"),
      (coded, _) = try tokenizer("{ \(settings) }")
    var random = Random(seed: 2, samples: [0, 1])
    let images = random.normal([2, 32, 32, 3], "images")
    let (raw, codes) = withoutGradients { (autoencoder.encode(images, &random), coded.encode(images, &random)) }
    #expect(autoencoder.quantizer.space == TokenSpace(width: 4) && coded.quantizer.space.vocabulary == 16)
    #expect(raw.distance(to: codes) > 1e-3)
    #expect(withoutGradients { autoencoder.decode(raw).distance(to: coded.decode(codes)) } == 0)
  }

  @Test("patches come back as the pixels they were")
  func patches() throws {
    let (autoencoder, _) = try tokenizer("{ use: pixels, patch-size: 4 }")
    var random = Random(seed: 4, samples: [0, 1])
    let images = random.normal([2, 32, 32, 3], "x")
    #expect(autoencoder.decode(autoencoder.encode(images, &random)).distance(to: images) == 0)
  }

  @Test("impossible settings are refused in one sentence")
  func refusals() {
    #expect(
      message("{ use: continuous, stride: 3 }")
        == "test:1:20: tokenizer 'continuous' halves the image; 'stride' must be 2, 4, 8 or 16, not 3.")
    #expect(
      message("{ use: continuous, stride: 16 }", size: 24)
        == "test:1:20: images of 24x24 do not divide into tokens of 16x16; use another 'stride' or size of images.")
    #expect(
      message("{ use: continuous, width: 12, norm-groups: 8 }")
        == "test:1:31: 12 channels do not divide into 8 groups; let 'norm-groups' divide 'width'.")
    #expect(
      message("{ use: continuous, stride: 4, attention-levels: [0, 3] }")
        == "test:1:31: there is no level 3 to attend at; with a stride of 4 'attention-levels' takes levels "
        + "from 0 to 2."
    )
    #expect(
      message("{ use: vq, stride: 2, decoder-attention-levels: [-1] }")
        == "test:1:23: there is no level -1 to attend at; with a stride of 2 'decoder-attention-levels' takes "
        + "levels from 0 to 1."
    )
    #expect(
      message("{ use: vq, quantizer: lfq, bits: 21 }")
        == "test:1:28: 21 bits make a vocabulary of 2^21 codes, 1048576 is the most; use at most 20 'bits'.")
    #expect(
      message("{ use: vq, quantizer: fsq, levels: [1000, 1000, 1000] }")
        == "test:1:28: [1000, 1000, 1000] levels make a vocabulary of 1000000000 codes, 1048576 is the most; "
        + "use fewer or smaller 'levels'."
    )
    #expect(
      message("{ use: vq, quantizer: fsq, levels: [8, 1] }")
        == "test:1:28: 'levels' must name at least one number, each 2 or more.")
    #expect(message("{ use: vq, codes: 2000000 }") == "test:1:19: 'codes' must be from 2 to 1048576, not 2000000.")
    #expect(
      message("{ use: multi-scale-vq, projection-kernel: 2 }")
        == "test:1:24: a kernel of side 2 has no middle; let 'projection-kernel' be odd.")
    #expect(
      message("{ use: pixels, patch-size: 5 }")
        == "test:1:16: images of 32x32 do not divide into patches of 5x5; use another 'patch-size'.")
    #expect(
      message("{ use: continous }")
        == "test:1:3: there is no tokenizer 'continous'; there are continuous, multi-scale-vq, pixels, vq. Did "
        + "you mean 'continuous'?"
    )
  }
}
