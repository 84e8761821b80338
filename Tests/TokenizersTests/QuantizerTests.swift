import Autoregression
import Networks
import Tensors
import Testing
import Tokenizers

/// Every kind of quantizer, small.
private let kinds = [
  "{ use: vq, codes: 48 }", "{ use: vq, codes: 48, code-width: 4, l2-normalized: true }",
  "{ use: vq, codes: 48, code-width: 3, update: ema }", "{ use: vq, quantizer: fsq, levels: [8, 6, 5] }",
  "{ use: vq, quantizer: fsq, levels: [2, 3] }", "{ use: vq, quantizer: lfq, bits: 6 }",
  "{ use: multi-scale-vq, codes: 48, code-width: 8 }",
  "{ use: multi-scale-vq, codes: 48, code-width: 8, nearest: cosine }",
]

private func quantization(_ text: String) throws -> any LearnedQuantizer {
  try #require(try tokenizer(text).0 as? VectorQuantizedAutoencoder).quantization
}

private struct Holder: Module { let quantizer: any Quantizer }

@Suite struct QuantizerTests {
  @Test("tokens are the nearest to themselves, come back from their codes, and codes are in range", arguments: kinds)
  func laws(_ kind: String) throws {
    let quantizer = try tokenizer(kind).0.quantizer, space = quantizer.space
    let vocabulary = try #require(space.vocabulary)
    var random = Random(seed: 9, samples: [0, 1, 2])
    let values = random.normal([3, 40, space.width], "values")
    let tokens = quantizer.tokens(nearest: values), codes = try #require(tokens.codes)
    #expect(tokens.values.shape == values.shape && codes.joined().allSatisfy { (0..<vocabulary).contains($0) })
    let again = quantizer.tokens(nearest: tokens.values)
    #expect(again.codes == codes && again.values.distance(to: tokens.values) == 0)
    #expect(quantizer.tokens(coded: codes).values.distance(to: tokens.values) == 0)
    let all = [Array(0..<vocabulary)]
    #expect(quantizer.tokens(nearest: quantizer.tokens(coded: all).values).codes == all)
  }

  @Test("a model that is given a quantizer does not train it", arguments: kinds)
  func frozen(_ kind: String) throws {
    let quantizer = try tokenizer(kind).0.quantizer
    #expect(Holder(quantizer: quantizer).parameters.isEmpty && Holder(quantizer: quantizer).statistics.isEmpty)
    #expect(!quantizer.tokens(coded: [[0, 1]]).values.isTracked)
    #expect(!quantizer.refined(Tensor(zeros: [1, 2, 2, quantizer.space.width]), at: 0).isTracked)
  }

  @Test("finite scalars are those of the paper's example")
  func finiteScalars() throws {
    let scalars = try quantization("{ use: vq, quantizer: fsq, levels: [3, 5, 4] }")
    let tokens = scalars.view.tokens(nearest: scalars.bounded(Tensor([1, 1, 3], [0.25, 0.6, -7])))
    #expect(tokens.values.scalars == [0, 0.5, -1] && tokens.codes == [[10]])
    #expect(scalars.view.space.vocabulary == 60)
  }

  @Test("finite scalars are bound so that every level is reached and none beyond", arguments: [2, 3, 4, 5, 8])
  func bounds(_ count: Int) throws {
    let scalars = try quantization("{ use: vq, quantizer: fsq, levels: [\(count)] }")
    let sweep = scalars.bounded(Tensor([1, 401, 1], (-200...200).map { Float($0) / 20 }))
    let codes = try #require(scalars.view.tokens(nearest: sweep).codes)[0]
    #expect(Set(codes) == Set(0..<count) && codes == codes.sorted())
    #expect(sweep.scalars.allSatisfy { abs($0) < 1 + 0.5 / Float(count / 2) })
    let middle = scalars.view.tokens(nearest: scalars.bounded(Tensor([1, 1, 1], [0])))
    #expect(middle.codes == [[count / 2]])
  }

  @Test("signs are the bits of a code, and nothing counts as minus")
  func signs() throws {
    let signs = try quantization("{ use: vq, quantizer: lfq, bits: 4 }")
    let tokens = signs.view.tokens(nearest: Tensor([1, 1, 4], [0.3, -0.2, 0, 2]))
    #expect(tokens.values.scalars == [1, -1, -1, 1] && tokens.codes == [[0b1001]])
  }

  @Test("the entropy of signs is least when every code is surely and equally used, however bits are grouped")
  func signEntropy() throws {
    let corners = (0..<8).flatMap { code in (0..<3).map { Float(code >> $0 & 1 == 1 ? 1 : -1) } }
    for group in [1, 2, 3] {
      let signs = try #require(
        try quantization("{ use: vq, quantizer: lfq, bits: 3, entropy-bits: \(group) }") as? LookupFree)
      #expect(abs(signs.entropy(Tensor([8, 3], corners)).scalar + 3 * 0.693_147) < 1e-3)
      #expect(abs(signs.entropy(Tensor(repeating: 1, shape: [8, 3])).scalar) < 1e-3)
      // Undecided: each row is as unsure as the batch.
      #expect(abs(signs.entropy(Tensor(zeros: [8, 3])).scalar) < 1e-3)
    }
  }

  @Test("VQGAN's released code weighs the other of both terms")
  func legacy() throws {
    var random = Random(seed: 2, samples: [0, 1])
    let images = random.normal([2, 32, 32, 3], "x")
    func loss(_ text: String) throws -> TokenizerLoss {
      let (autoencoder, direction) = try tokenizer(text)
      return try #require(autoencoder.trainingLoss(images, laidOutBy: direction, &random))
    }
    for use in ["vq", "multi-scale-vq"] {
      let right = try loss("{ use: \(use), width: 8, norm-groups: 4, commitment: 0.25 }")
      let legacy = try loss("{ use: \(use), width: 8, norm-groups: 4, commitment: 0.25, legacy-commitment: true }")
      #expect(try abs(legacy.part("codebook") / right.part("codebook") - 0.25) < 1e-5)
      #expect(try abs(legacy.part("commitment") / right.part("commitment") - 4) < 1e-4)
    }
  }

  // MARK: Codes that move

  /// Points around (+-3, +-3): [2 x 40, 2], those of one centre together.
  private func clusters(_ step: Int) -> Tensor {
    var random = Random(seed: 4, step: step, samples: [0, 1])
    let noise = random.normal([2, 40, 2], "points") * 0.1
    let centres = (0..<80).flatMap { i -> [Float] in
      let (x, y): (Float, Float) = (i / 10 % 2 == 0 ? 3 : -3, i / 20 % 2 == 0 ? 3 : -3)
      return [x, y]
    }
    return (noise + Tensor([2, 40, 2], centres)).reshaped([80, 2])
  }

  @Test("averaged codes converge on the centres of clusters")
  func averages() throws {
    let codebook = try #require(
      try quantization("{ use: vq, codes: 4, code-width: 2, update: ema, decay: 0.9 }") as? Codebook)
    codebook.weight.replace(Tensor([4, 2], [2, 2, -1, 3, 1, -2, -4, -2]))
    var random = Random(seed: 1, samples: [0, 1]), gradient: Tensor?
    for step in 0..<80 {
      let found = codebook.quantized(clusters(step), samples: 2, &random)
      gradient = found.loss?.gradients(of: [codebook.weight()])[0]
    }
    #expect(codebook.weight.value.distance(to: Tensor([4, 2], [3, 3, -3, 3, 3, -3, -3, -3])) < 0.1)
    #expect(gradient?.scalars.allSatisfy { $0 == 0 } == true)
  }

  @Test("unused codes are replaced by vectors of the encoder, and then are used", arguments: ["gradient", "ema"])
  func revival(_ update: String) throws {
    let codebook = try #require(
      try quantization("{ use: vq, codes: 8, code-width: 2, update: \(update), restart-after: 3 }") as? Codebook)
    let far: [Float] = [100, 100, 101, 100, 102, 100, 103, 100]
    codebook.weight.replace(Tensor([8, 2], [3, 3, -3, 3, 3, -3, -3, -3] + far))
    var random = Random(seed: 1, samples: [0, 1])
    for step in 0..<3 {
      let found = codebook.quantized(clusters(step), samples: 2, &random)
      #expect(found.codes.allSatisfy { $0 < 4 })
      #expect(Array(codebook.weight.value.scalars.suffix(8)) == far)
    }
    let rows = clusters(3), found = codebook.quantized(rows, samples: 2, &random), points = rows.scalars
    #expect(Set(found.codes).contains { $0 >= 4 })
    if update == "gradient" {
      for code in 4..<8 {
        let value = Array(codebook.weight.value.scalars[2 * code..<2 * code + 2])
        #expect((0..<80).contains { Array(points[2 * $0..<2 * $0 + 2]) == value })
      }
    } else {
      #expect(codebook.weight.value.scalars.allSatisfy { abs($0) < 4 })
    }
  }

  @Test("unused codes of the residual quantizer are replaced by residuals of the levels")
  func residualRevival() throws {
    let direction = try scales([1, 2, 4]),
      (any, _) = try tokenizer(
        "{ use: multi-scale-vq, stride: 8, width: 8, norm-groups: 4, codes: 16, code-width: 4, restart-after: 1 }",
        in: direction)
    let autoencoder = try #require(any as? MultiScaleAutoencoder)
    autoencoder.codebook.weight.replace(Tensor([16, 4], (0..<64).map { $0 < 8 ? Float($0) / 8 : 1000 + Float($0) }))
    var random = Random(seed: 1, samples: [0, 1])
    let latent = random.normal([2, 4, 4, 4], "latent")
    _ = autoencoder.quantized(latent, laidOutBy: direction, &random)
    #expect(autoencoder.codebook.weight.value.extent.upperBound > 1000)
    _ = autoencoder.quantized(latent, laidOutBy: direction, &random)
    #expect(autoencoder.codebook.weight.value.extent.upperBound < 100)
  }

  // MARK: Training

  @Test(
    "a tiny autoencoder learns a batch by heart",
    arguments: [
      "{ use: vq, codes: 64, code-width: 4, restart-after: 10 }",
      "{ use: vq, codes: 64, l2-normalized: true, entropy: 0.01 }",
      "{ use: vq, codes: 64, code-width: 4, update: ema, restart-after: 10 }",
      "{ use: vq, quantizer: fsq, levels: [8, 5, 5] }", "{ use: vq, quantizer: lfq, bits: 8, entropy: 0.01 }",
      "{ use: multi-scale-vq, codes: 64, code-width: 4, restart-after: 10 }",
    ])
  func overfits(_ kind: String) throws {
    let text = kind.replacing(" }", with: ", stride: 4, width: 8, norm-groups: 4 }")
    let direction: any RegressionDirection =
      kind.contains("multi") ? try scales([1, 2, 4]) : Plain(over: Grid(height: 4, width: 4))
    let (autoencoder, _) = try tokenizer(text, size: 16, in: direction)
    var draw = Random(seed: 7, samples: [0, 1])
    // Smooth images: upsampled noise.
    let images = draw.normal([2, 4, 4, 3], "x").resampled(height: 16, width: 16, .bicubic).clamped(to: -1...1)
    var optimizer = Optimizer(autoencoder.parameters.map(\.parameter), rule: AdamW(weightDecay: 0), clip: 3)
    var first: Float = 0, last: Float = 0
    for step in 0..<80 {
      var random = Random(seed: 8, step: step, samples: [0, 1])
      let loss = try #require(autoencoder.trainingLoss(images, laidOutBy: direction, &random))
      last = try loss.part("reconstruction")
      if step == 0 { first = last }
      _ = optimizer.step(loss.total, rate: 5e-3)
    }
    #expect(last < 0.15 * first, "\(first) to \(last)")
  }

  @Test("with a direction of one level a residual tokenizer is an ordinary one")
  func oneLevel() throws {
    let (autoencoder, direction) = try tokenizer("{ use: multi-scale-vq, width: 8, norm-groups: 4 }")
    var random = Random(seed: 2, samples: [0, 1])
    let images = random.normal([2, 32, 32, 3], "x")
    let loss = try #require(autoencoder.trainingLoss(images, laidOutBy: direction, &random))
    #expect(try loss.part("usage") > 0 && loss.total.scalar.isFinite)
    #expect(autoencoder.followsLayout)
  }
}
