import Autoregression
import FixtureSupport
import Networks
import Settings
import Tensors
import Testing
import Tokenizers

private struct Plain: RegressionDirection {
  static let key = "any", about = About("")
  let layout: Layout
  init(_ settings: inout Settings, over grid: Grid) throws(SettingsError) {
    layout = Layout(grid: grid, slots: Slot.cells(of: grid), groups: [])
  }
  func trainingTurn(batch: Int, progress: Float, _ random: inout Random) -> Turn { Turn() }
  func turn(after past: Past, batch: Int, _ random: inout Random) -> Turn? { nil }
}

private func tokenizer(_ text: String, size: Int = 32) throws -> (any Tokenizer, any RegressionDirection) {
  var settings = try Settings(parsing: text, file: "test"), random = Random(seed: 1), nothing = Settings.empty("test")
  let type = try Registry.linked().find("tokenizer", &settings, as: (any Tokenizer.Type).self),
    shape = ImageShape(height: size, width: size)
  let grid = try type.grid(&settings, images: shape), direction = try Plain(&nothing, over: grid)
  let made = try type.init(&settings, images: shape, layout: direction.layout, &random)
  try settings.finish()
  return (made, direction)
}

private func message(_ text: String, size: Int = 32) -> String {
  do {
    _ = try tokenizer(text, size: size)
    return "no error"
  } catch { return "\(error)".split(separator: "\n").first.map(String.init) ?? "" }
}

@Suite struct AutoencoderTests {
  @Test("the KL autoencoder and every gradient are those of the reference")
  func reference() throws {
    let file = try Fixture("kl_vae"), z = try file.sizes("z_channels")[0], multipliers = try file.sizes("ch_mult")
    let size = try file.sizes("image")[0], levels = multipliers.count, cells = size >> (levels - 1)
    let attended = (0..<levels).filter { level in (try? file.sizes("attn_resolutions").contains(size >> level)) ?? false
    }
    // The reference adds 0.001 times the sum over a latent; ours weighs the mean.
    let weight = 0.001 * Double(cells * cells * z)
    let (made, direction) = try tokenizer(
      """
      use: continuous
      stride: \(1 << (levels - 1))
      channels: \(z)
      width: \(try file.sizes("ch")[0])
      multipliers: \(multipliers)
      blocks: \(try file.sizes("num_res_blocks")[0])
      attention: \(attended)
      middle-attention: true
      groups: \(try file.sizes("num_groups")[0])
      kl-weight: \(weight)
      """, size: size)
    #expect(made.adopt(try file.weights(), .autoencoder) == nil)
    let images = try file.images("inputs/train/image"), noise = try file.images("inputs/train/posterior_noise")
    let samples = Array(0..<images.shape[0])
    var random = Random(replaying: ["posterior": [noise, noise]], samples: samples)
    let latent = withoutGradients { made.encode(images, &random) }
    #expect(try file.disagreement(latent.permuted([0, 3, 1, 2]), "outputs/train/z") == nil)
    #expect(
      try file.disagreement(withoutGradients { made.decode(latent) }.permuted([0, 3, 1, 2]), "outputs/train/recon")
        == nil)
    let loss = try #require(made.trainingLoss(images, laidOutBy: direction, &random))
    #expect(try file.disagreement(loss.total, "outputs/train/loss") == nil)
    #expect(try file.disagreement(Tensor(loss.parts[0].value), "outputs/train/rec_loss") == nil)
    let parameters = made.parameters, gradients = loss.total.gradients(of: parameters.map { $0.parameter() })
    let ours = Dictionary(uniqueKeysWithValues: zip(parameters.map(\.path), gradients))
    let names = file.names("grads/train")
    #expect(names.count == parameters.count)
    for name in names {
      let own = try #require(ours[Names.autoencoder.path(name)])
      let theirs = own.shape.count == 4 ? own.permuted([0, 3, 1, 2]) : own
      #expect(try file.disagreement(theirs, "grads/train/\(name)") == nil)
    }
  }

  @Test("latents have mean 0 and deviation 1 once they were measured")
  func calibration() throws {
    var (made, _) = try tokenizer("{ use: continuous, stride: 4, width: 8, groups: 4 }")
    var random = Random(seed: 2, samples: Array(0..<16))
    let images = random.normal([16, 32, 32, 3], "images") * 0.4
    withoutGradients { made.calibrate(on: images, &random) }
    let latent = withoutGradients { made.encode(images, &random) }.reshaped([16 * 64, 4])
    let mean = latent.mean(axis: 0), deviation = (latent - mean).squared.mean(axis: 0).squareRoot
    #expect(
      mean.distance(to: Tensor(zeros: [4])) < 0.15 && deviation.distance(to: Tensor(repeating: 1, shape: [4])) < 0.15)
  }

  @Test("every stride and depth builds and gives its grid", arguments: [2, 4, 8, 16], [0, 1])
  func strides(_ stride: Int, _ blocks: Int) throws {
    let (made, direction) = try tokenizer(
      "{ use: continuous, stride: \(stride), width: 8, groups: 4, blocks: \(blocks) }")
    var random = Random(seed: 3)
    let image = random.normal([1, 32, 32, 3], "x"), latent = withoutGradients { made.encode(image, &random) }
    #expect(latent.shape == [1, 32 / stride, 32 / stride, 4] && direction.layout.grid.height == 32 / stride)
    #expect(withoutGradients { made.decode(latent) }.shape == image.shape)
  }

  @Test("patches come back as the pixels they were")
  func patches() throws {
    let (made, _) = try tokenizer("{ use: pixels, patch: 4 }")
    var random = Random(seed: 4, samples: [0, 1])
    let images = random.normal([2, 32, 32, 3], "x")
    #expect(made.decode(made.encode(images, &random)).distance(to: images) == 0)
  }

  @Test("impossible settings are refused in one sentence")
  func refusals() {
    #expect(
      message("{ use: continuous, stride: 3 }")
        == "test:1:20: tokenizer 'continuous' halves the image; 'stride' must be 2, 4, 8 or 16, not 3.")
    #expect(
      message("{ use: continuous, stride: 16 }", size: 24)
        == "test:1:20: pictures of 24x24 do not divide into tokens of 16x16; use another 'stride' or size of pictures.")
    #expect(
      message("{ use: continuous, width: 12, groups: 8 }")
        == "test:1:31: 12 channels do not divide into 8 groups; let 'groups' divide 'width'.")
    #expect(
      message("{ use: pixels, patch: 5 }")
        == "test:1:16: pictures of 32x32 do not divide into patches of 5x5; use another 'patch'.")
    #expect(
      message("{ use: continous }")
        == "test:1:3: there is no tokenizer 'continous'; there are continuous, multi-scale-vq, pixels, vq. Did you mean 'continuous'?"
    )
  }
}
