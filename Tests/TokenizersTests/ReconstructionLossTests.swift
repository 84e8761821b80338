import Autoregression
import AutoregressionTesting
import Foundation
import Networks
import Storage
import Tensors
import Testing
import Tokenizers

private let plain = "use: vq, stride: 4, width: 8, norm-groups: 4, codes: 32"

private func smoothImages(_ count: Int) -> Tensor {
  var random = Random(seed: 3, samples: Array(0..<count))
  return random.normal([count, 8, 8, 3], "x").resampled(height: 32, width: 32, .bicubic).clamped(to: -1...1)
}

private func loss(_ autoencoder: any Tokenizer, _ images: Tensor) throws -> TokenizerLoss {
  var random = Random(seed: 5, samples: Array(0..<images.shape[0]))
  return try #require(autoencoder.trainingLoss(images, laidOutBy: Plain(over: Grid(height: 8, width: 8)), &random))
}

@Suite struct AdversarialLossTests {
  @Test(
    "at the last layer the adversarial gradient is as large as the reconstruction's, times the weight",
    arguments: [0.5, 2])
  func balance(_ weight: Float) throws {
    let images = smoothImages(2), (alone, _) = try tokenizer("{ \(plain) }")
    let (against, _) = try tokenizer("{ \(plain), adversarial: { weight: \(weight), width: 8, layers: 2 } }")
    func atOutput(_ autoencoder: any Tokenizer) throws -> Tensor {
      let last = try #require(autoencoder.parameters.first { $0.path == "decoder.output.weight" }).parameter
      return try loss(autoencoder, images).total.gradients(of: [last()])[0]
    }
    let close = try atOutput(alone), both = try atOutput(against), added = both - close
    let ratio = (added.squared.sum.scalar / close.squared.sum.scalar).squareRoot()
    #expect(abs(ratio / weight - 1) < 0.02, "\(ratio)")
    let parts = try loss(against, images)
    #expect(
      try parts.total.scalar - loss(alone, images).total.scalar
        - parts.part("adversarial") * parts.part("adversarial-weight") < 1e-4)
  }

  @Test("the loss is absent before its start and grows over its warm-up; its age is stored, its network is not a part")
  func start() throws {
    let (autoencoder, _) = try tokenizer(
      "{ \(plain), adversarial: { weight: 2, width: 8, layers: 2, adaptive: false, start: 2, warmup-steps: 4 } }")
    let images = smoothImages(2)
    for _ in 0..<2 { #expect(try loss(autoencoder, images).discriminator == nil) }
    for strength in [0.25, 0.5, 0.75, 1, 1] as [Float] {
      let now = try loss(autoencoder, images)
      #expect(now.discriminator != nil)
      #expect(try now.part("adversarial-weight") == 2 * strength)
    }
    #expect(autoencoder.statistics.contains { $0.path == "fidelity.age" && $0.statistic.value.scalar == 7 })
    let discriminator = try #require(autoencoder.discriminator)
    #expect(!discriminator.parameters.isEmpty && !autoencoder.parameters.contains { $0.path.contains("adversary") })
    let (bare, _) = try tokenizer("{ \(plain) }")
    #expect(bare.discriminator == nil && bare.parameters.map(\.path) == autoencoder.parameters.map(\.path))
    for (a, b) in zip(bare.parameters, autoencoder.parameters) {
      #expect(a.parameter.value.distance(to: b.parameter.value) == 0)
    }
  }

  @Test("the discriminator learns to distinguish reconstructions from images, and its loss has no gradient elsewhere")
  func learning() throws {
    let (autoencoder, _) = try tokenizer("{ \(plain), adversarial: { weight: 0.5, width: 8, layers: 2 } }")
    let images = smoothImages(4), discriminator = try #require(autoencoder.discriminator).parameters.map(\.parameter)
    var optimizer = Optimizer(discriminator, rule: AdamW(beta1: 0.5, beta2: 0.9, weightDecay: 0), clip: 0)
    let first = try #require(try loss(autoencoder, images).discriminator)
    #expect(
      first.gradients(of: autoencoder.parameters.map { $0.parameter() }).allSatisfy { $0.squared.sum.scalar == 0 })
    for _ in 0..<25 { _ = optimizer.step(try #require(try loss(autoencoder, images).discriminator), rate: 2e-3) }
    let last = try #require(try loss(autoencoder, images).discriminator).scalar
    #expect(last < 0.3 && first.scalar > 0.8, "\(first.scalar) to \(last)")
  }

  @Test("images that are too small for its layers are refused")
  func refusals() {
    #expect(
      message("{ \(plain), adversarial: { weight: 0.5, layers: 4 } }")
        == "test:1:88: images of 32x32 are too small for a discriminator of 4 layers; use at most 3.")
  }

  @Test("the continuous autoencoder's loss is the sum of its terms, by either distance", arguments: ["l1", "l2"])
  func continuous(_ distance: String) throws {
    let (autoencoder, _) = try tokenizer(
      """
      { use: continuous, stride: 4, width: 8, norm-groups: 4, distance: \(distance), kl-weight: 0.01,
        adversarial: { weight: 0.5, width: 8, adaptive: false } }
      """)
    let images = smoothImages(2), found = try loss(autoencoder, images)
    // The latents are not normalized before the calibration, so that the same draw encodes to the trained latent.
    var random = Random(seed: 5, samples: [0, 1])
    let reconstruction = withoutGradients { autoencoder.decode(autoencoder.encode(images, &random)) }
    let error = images - reconstruction, expected = distance == "l1" ? error.absolute.mean : error.squared.mean
    #expect(try abs(found.part("reconstruction") - expected.scalar) < 1e-5 * expected.scalar)
    let posterior = autoencoder.posterior(of: images), logVariance = try #require(posterior.logVariance)
    let kl = (posterior.mean.squared + logVariance.exponential - logVariance - 1).mean.scalar / 2
    #expect(try abs(found.part("kl") - kl) < 1e-5 * kl)
    #expect(try found.part("adversarial-weight") == 0.5)
    let sum = try found.part("reconstruction") + 0.5 * found.part("adversarial") + 0.01 * found.part("kl")
    #expect(abs(found.total.scalar - sum) < 1e-5)
  }

  @Test("gradients of the continuous autoencoder are those of differences, with a fixed adversarial weight")
  func gradients() throws {
    let (autoencoder, _) = try tokenizer(
      """
      { use: continuous, stride: 2, width: 4, norm-groups: 2, blocks: 0, channels: 2, kl-weight: 0.01,
        adversarial: { weight: 0.5, width: 4, layers: 2, adaptive: false } }
      """, size: 16)
    var random = Random(seed: 3, samples: [0, 1])
    let images = random.normal([2, 16, 16, 3], "x") * 0.5
    func total() -> Tensor {
      var random = Random(seed: 5, samples: [0, 1])
      return autoencoder.trainingLoss(images, laidOutBy: Plain(over: Grid(height: 8, width: 8)), &random)?.total
        ?? Tensor(0)
    }
    // The last layers of both halves; through them the gradient reaches all others.
    #expect(
      parameterGradientsDisagree(
        autoencoder, tolerance: 5e-3,
        where: { ["decoder.output.bias", "fromLatent.bias", "toMoments.bias"].contains($0) }
      ) { total().reshaped([1]) } == nil)
  }
}

/// LPIPS of VGG16's structure, with few channels and random weights, in a file and in double precision.
private struct SmallNetwork {
  let widths = [3, 2, 2, 3, 2], numbers = [[0, 2], [5, 7], [10, 12, 14], [17, 19, 21], [24, 26, 28]]
  var tensors: [String: Tensor] = [:]

  init() {
    var random = Random(seed: 12), inputs = 3
    func draw(_ shape: [Int]) -> Tensor { random.normal([1, shape.product], "w").reshaped(shape) }
    tensors["scaling_layer.shift"] = Tensor([1, 3, 1, 1], [-0.03, -0.088, -0.188])
    tensors["scaling_layer.scale"] = Tensor([1, 3, 1, 1], [0.458, 0.448, 0.45])
    for (slice, width) in widths.enumerated() {
      for number in numbers[slice] {
        tensors["net.slice\(slice + 1).\(number).weight"] =
          draw([width, inputs, 3, 3]) * (2 / Float(9 * inputs)).squareRoot()
        tensors["net.slice\(slice + 1).\(number).bias"] = draw([width]) * 0.1 + 0.2
        inputs = width
      }
      tensors["lin\(slice).model.1.weight"] = draw([1, width, 1, 1]).absolute
    }
  }

  func write(to path: String) throws {
    try Writer.replacing(path) { file in
      for name in tensors.keys.sorted() { try file.write(tensors[name]!, name) }
    }
  }

  /// The slow obvious version, one image [3, size, size] each.
  func distance(_ a: [Double], _ b: [Double], _ size: Int) -> Double {
    func numbers(_ name: String) -> [Double] { tensors[name]!.scalars.map(Double.init) }
    let shift = numbers("scaling_layer.shift"), scale = numbers("scaling_layer.scale")
    func scaled(_ x: [Double]) -> [Double] {
      x.indices.map { (x[$0] - shift[$0 / (size * size)]) / scale[$0 / (size * size)] }
    }
    var maps = [scaled(a), scaled(b)], side = size, channels = 3, total = 0.0
    for (slice, width) in widths.enumerated() {
      if slice > 0 {
        maps = maps.map { x in
          (0..<channels * side * side / 4).map { i in
            let half = side / 2, c = i / (half * half), y = i / half % half * 2, z = i % half * 2
            return [(0, 0), (0, 1), (1, 0), (1, 1)].map { x[(c * side + y + $0.0) * side + z + $0.1] }.max()!
          }
        }
        side /= 2
      }
      for number in self.numbers[slice] {
        let w = numbers("net.slice\(slice + 1).\(number).weight"),
          bias = numbers("net.slice\(slice + 1).\(number).bias")
        maps = maps.map { x in
          (0..<width * side * side).map { i in
            let o = i / (side * side), y = i / side % side, z = i % side
            var sum = bias[o]
            for c in 0..<channels {
              for (dy, dz) in (0..<9).map({ ($0 / 3 - 1, $0 % 3 - 1) })
              where (0..<side).contains(y + dy) && (0..<side).contains(z + dz) {
                sum += w[((o * channels + c) * 3 + dy + 1) * 3 + dz + 1] * x[(c * side + y + dy) * side + z + dz]
              }
            }
            return max(0, sum)
          }
        }
        channels = width
      }
      let lin = numbers("lin\(slice).model.1.weight"), area = side * side
      for pixel in 0..<area {
        let norms = maps.map { x in
          (0..<channels).reduce(0.0) { $0 + x[$1 * area + pixel] * x[$1 * area + pixel] }.squareRoot() + 1e-10
        }
        for c in 0..<channels {
          let difference = maps[0][c * area + pixel] / norms[0] - maps[1][c * area + pixel] / norms[1]
          total += lin[c] * difference * difference / Double(area)
        }
      }
    }
    return total
  }
}

@Suite struct PerceptualTests {
  private let path = NSTemporaryDirectory() + "overtone-lpips-\(UUID().uuidString).h5"

  private func images(_ stream: String, _ size: Int) -> Tensor {
    var random = Random(seed: 14, samples: [0, 1])
    return random.normal([2, size, size, 3], stream) * 0.5
  }

  @Test(
    "the perceptual distance is that of a slow implementation, and its gradient that of differences",
    arguments: [16, 20])
  func value(_ size: Int) throws {
    let network = SmallNetwork()
    try network.write(to: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let distance = try PerceptualDistance(file: path), a = images("a", size), b = images("b", size)
    let found = distance(a, b).scalars, (x, y) = (a.permuted([0, 3, 1, 2]), b.permuted([0, 3, 1, 2]))
    for sample in 0..<2 {
      func one(_ x: Tensor) -> [Double] { x.sliced(sample..<sample + 1, axis: 0).scalars.map(Double.init) }
      if size == 16 { #expect(abs(Double(found[sample]) / network.distance(one(x), one(y), size) - 1) < 1e-4) }
    }
    #expect(distance(a, a).scalars == [0, 0])
    let tracked = b.tracked, gradient = distance(a, tracked).mean.gradients(of: [tracked])[0]
    for direction in 0..<3 {
      let offset = images("way \(direction)", size), step: Float = 1e-3
      func value(_ by: Float) -> Double { distance(a, b + offset * by).scalars.reduce(0) { $0 + Double($1) } / 2 }
      let difference = (value(step) - value(-step)) / Double(2 * step), along = Double((gradient * offset).sum.scalar)
      #expect(abs(difference - along) < 0.03 * max(abs(along), 0.05), "\(difference) and \(along)")
    }
  }

  @Test("the perceptual loss is a term of a tokenizer's training once a file is named")
  func training() throws {
    try SmallNetwork().write(to: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let (autoencoder, _) = try tokenizer("{ \(plain), perceptual: { weight: 0.5, network: '\(path)' } }"),
      (bare, _) = try tokenizer("{ \(plain) }")
    let found = try loss(autoencoder, smoothImages(2)), without = try loss(bare, smoothImages(2))
    #expect(try abs(found.total.scalar - without.total.scalar - 0.5 * found.part("perceptual")) < 1e-5)
    #expect(try found.part("perceptual") > 0 && autoencoder.parameters.count == bare.parameters.count)
    #expect(autoencoder.files == [path] && bare.files.isEmpty)
    let gradients = found.total.gradients(of: autoencoder.parameters.map { $0.parameter() })
    #expect(gradients.allSatisfy { $0.isFinite })
  }

  @Test("without a file, or with a wrong one, it is refused in one sentence")
  func refusals() throws {
    #expect(
      message("{ \(plain), perceptual: { weight: 1 } }")
        == "test:1:74: the perceptual distance needs a trained network; let 'network' name "
        + "an HDF5 file that holds the state_dict of lpips.LPIPS(net=\"vgg\"), one data set per tensor by its own "
        + "name, or let 'weight' be 0."
    )
    #expect(
      message("{ \(plain), perceptual: { weight: 1, network: /nowhere.h5 } }")
        == "test:1:85: /nowhere.h5: there is no such file.")
    var network = SmallNetwork()
    network.tensors["net.slice3.12.weight"] = Tensor(zeros: [2, 5, 3, 3])
    try network.write(to: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    #expect(
      message("{ \(plain), perceptual: { weight: 1, network: '\(path)' } }")
        == "test:1:85: \(path): 'net.slice3.12.weight' has shape [2, 5, 3, 3], not [2, 2, 3, 3].")
    network = SmallNetwork()
    network.tensors["lin4.model.1.weight"] = nil
    try network.write(to: path)
    #expect(
      message("{ \(plain), perceptual: { weight: 1, network: '\(path)' } }").hasPrefix(
        "test:1:85: \(path): there is no data set 'lin4.model.1.weight'."))
    #expect(
      message("{ use: vq, stride: 2, perceptual: { weight: 1, network: x.h5 } }", size: 8)
        == "test:1:37: images of 8x8 are too small for the perceptual distance, whose network halves them four "
        + "times; use 16x16 or larger."
    )
  }
}
