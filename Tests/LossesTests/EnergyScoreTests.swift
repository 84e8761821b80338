import Autoregression
import AutoregressionTesting
import Glibc
import Networks
import Settings
import Tensors
import Testing

/// Puts random numbers into every parameter, since some start at zero.
private func disturb(_ module: any Module, _ deviation: Float) {
  var random = Random(seed: 21)
  for (_, parameter) in module.parameters {
    let shape = parameter.value.shape
    parameter.replace(parameter.value + (random.normal([1, shape.product], "disturb") * deviation).reshaped(shape))
  }
}

/// EAR's generator and energy score for one token, number by number.
private struct Reference {
  let weights: [String: [Float]]
  let width: Int

  init(_ tokenLoss: any TokenLoss, width: Int) {
    weights = Dictionary(uniqueKeysWithValues: tokenLoss.parameters.map { ($0.path, $0.parameter.value.scalars) })
    self.width = width
  }

  private func linear(_ x: [Float], _ name: String) -> [Float] {
    let weight = weights["network.\(name).weight"]!, bias = weights["network.\(name).bias"]!
    return bias.indices.map { row in bias[row] + x.indices.reduce(0) { $0 + weight[row * x.count + $1] * x[$1] } }
  }

  private func silu(_ x: [Float]) -> [Float] { x.map { $0 / (1 + expf(-$0)) } }

  /// The layer norm, without weights.
  private func normalized(_ x: [Float]) -> [Float] {
    let mean = x.reduce(0, +) / Float(x.count)
    let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Float(x.count)
    return x.map { ($0 - mean) / (variance + 1e-6).squareRoot() }
  }

  func token(_ hidden: [Float], _ noise: [Float], temperature: Float, depth: Int) -> [Float] {
    let condition = silu(linear(noise, "noise"))
    var x = linear(hidden, "context")
    for block in 0..<depth {
      let name = "blocks.\(block)", m = linear(condition, "\(name).modulation"), n = normalized(x)
      let gain = weights["network.\(name).norm.weight"]!, offset = weights["network.\(name).norm.bias"]!
      let h = x.indices.map { (n[$0] * gain[$0] + offset[$0]) * (1 + m[width + $0]) + temperature * m[$0] }
      let y = linear(silu(linear(h, "\(name).first")), "\(name).second")
      x = x.indices.map { x[$0] + m[2 * width + $0] * y[$0] }
    }
    let m = linear(condition, "lastModulation"), n = normalized(x)
    return linear(x.indices.map { n[$0] * (1 + m[width + $0]) + m[$0] }, "output")
  }

  static func distance(_ a: [Float], _ b: [Float], _ alpha: Float) -> Float {
    powf(zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot(), alpha)
  }
}

@Suite struct EnergyScoreTests {
  private func energy(_ more: String = "") throws -> any TokenLoss {
    let tokenLoss = try loss(
      "{ use: energy-score, width: 5, depth: 2, noise-channels: 3, token-scale: none \(more) }",
      of: TokenSpace(width: 2), from: 4)
    disturb(tokenLoss, 0.4)
    return tokenLoss
  }

  private let levels = [[0, 0, 0], [0, 0, 0]]

  private var hidden: (Tensor, Tensor) {
    var random = Random(seed: 2, samples: [0, 1])
    return (random.normal([2, 3, 4], "c"), random.normal([2, 3, 4], "u"))
  }

  private func row(_ x: Tensor, _ sample: Int, _ row: Int) -> [Float] {
    let (count, width) = (x.shape[1], x.shape[2]), scalars = x.scalars
    return Array(scalars[(sample * count + row) * width..<(sample * count + row + 1) * width])
  }

  @Test("the loss is the distance of two generated tokens to the truth, less their own, averaged over pairs")
  func reference() throws {
    let tokenLoss = try energy(", score-batch-mul: 2, alpha: 1.5, train-temperature: 0.9")
    var random = Random(seed: 7, samples: [0, 1])
    let truth = random.normal([2, 3, 2], "truth"), noise = random.uniform([2, 12, 3], "noise")
    var drawn = Random(replaying: ["noise": [noise]], samples: [0, 1])
    let losses = tokenLoss(hidden.0, Tokens(values: truth), levels: levels, &drawn)
    #expect(losses.shape == [2, 3])
    let reference = Reference(tokenLoss, width: 5)
    for sample in 0..<2 {
      for token in 0..<3 {
        let y = row(truth, sample, token)
        func generated(_ copy: Int, _ pair: Int) -> [Float] {
          let numbers = row(noise, sample, 6 * copy + 3 * pair + token).map { $0 - 0.5 }
          return reference.token(row(hidden.0, sample, token), numbers, temperature: 1, depth: 2)
        }
        let expected =
          (0..<2).reduce(Float(0)) { sum, pair in
            let first = generated(0, pair), second = generated(1, pair)
            return sum + Reference.distance(first, y, 1.5) + Reference.distance(second, y, 1.5)
              - 0.9 * Reference.distance(first, second, 1.5)
          } / 2
        #expect(abs(losses.scalars[3 * sample + token] - expected) < 1e-4 * max(1, abs(expected)))
      }
    }
  }

  @Test("a token is the generator's of the guided hidden state; temperature scales the shifts of its blocks")
  func sampling() throws {
    let tokenLoss = try energy(), (c, u) = hidden
    for (scale, temperature) in [(Float(1), Float(1)), (2.5, 1), (2.5, 0.7)] {
      var random = Random(seed: 9, samples: [0, 1])
      let noise = random.uniform([2, 3, 3], "noise")
      var drawn = Random(replaying: ["noise": [noise]], samples: [0, 1])
      let values = tokenLoss.sample(
        Guided(conditional: c, unconditional: u, scale: scale, temperature: temperature), levels: levels,
        at: Moment(), &drawn
      ).values
      let reference = Reference(tokenLoss, width: 5)
      for sample in 0..<2 {
        for token in 0..<3 {
          let mixed = zip(row(c, sample, token), row(u, sample, token)).map { $0 * scale + (1 - scale) * $1 }
          let expected = reference.token(
            mixed, row(noise, sample, token).map { $0 - 0.5 }, temperature: temperature, depth: 2)
          #expect(Reference.distance(row(values, sample, token), expected, 1) < 1e-3)
        }
      }
    }
  }

  @Test("gradients are those of differences, for hidden features and for every parameter", arguments: [0.7, 1, 1.8])
  func gradients(alpha: Double) throws {
    let tokenLoss = try loss(
      "{ use: energy-score, width: 4, depth: 1, noise-channels: 3, alpha: \(alpha), score-batch-mul: 1 }",
      of: TokenSpace(width: 2), from: 3, levels: 2)
    disturb(tokenLoss, 0.4)
    var random = Random(seed: 5, samples: [0, 1])
    let hidden = random.normal([2, 2, 3], "hidden"), answers = random.normal([2, 2, 2], "answers")
    func losses(_ hidden: Tensor) -> Tensor {
      var random = random
      return tokenLoss(hidden, Tokens(values: answers * 3), levels: [[0, 1], [1, 0]], &random)
    }
    #expect(losses(hidden).shape == [2, 2])
    #expect(gradientsDisagree(of: [hidden], tolerance: 3e-3) { losses($0[0]) } == nil)
    #expect(parameterGradientsDisagree(tokenLoss, tolerance: 1e-2) { losses(hidden) } == nil)
  }

  @Test("an untouched generator gives zero, and its gradient is finite though the two generated tokens are equal")
  func start() throws {
    let tokenLoss = try loss("{ use: energy-score, width: 4, depth: 1 }", of: TokenSpace(width: 2), from: 4)
    var random = Random(seed: 5, samples: [0, 1])
    let answers = Tensor([2, 3, 2], [3, 4, 0, 0, 0, 1, 3, 4, 0, 0, 0, 1])
    let losses = tokenLoss(hidden.0, Tokens(values: answers), levels: levels, &random)
    #expect(losses.distance(to: Tensor([2, 3], [10, 0, 2, 10, 0, 2])) < 1e-5)
    let gradients = losses.sum.gradients(of: tokenLoss.parameters.map { $0.parameter() })
    #expect(gradients.allSatisfy(\.isFinite) && gradients.contains { $0.extent.upperBound > 0 })
  }

  @Test("of two values with probabilities 3/4 and 1/4 both are generated; training at temperature 0 gives the first")
  func probabilities() throws {
    for (temperature, range) in [(Float(1), 0.6...0.88), (0, 0.98...1)] {
      var tokenLoss = try loss(
        "{ use: energy-score, width: 32, depth: 2, noise-channels: 8, train-temperature: \(temperature) }",
        of: TokenSpace(width: 2), from: 2)
      let rows = 128, hidden = Tensor(repeating: 1, shape: [1, rows, 2])
      let levels = [Array(repeating: 0, count: rows)]
      var optimizer = Optimizer(tokenLoss.parameters.map(\.parameter), rule: AdamW(weightDecay: 0), clip: 1)
      let answers = Tokens(values: Tensor([1, rows, 2], (0..<2 * rows).map { $0 / 2 % 4 == 0 ? -1 : 1 }))
      tokenLoss.calibrate(on: answers, levels: levels)
      for step in 0..<600 {
        var random = Random(seed: 2, step: step)
        let rate = 1e-2 * (1 - Double(step) / 600)
        _ = optimizer.step(tokenLoss(hidden, answers, levels: levels, &random).mean, rate: rate)
      }
      var random = Random(seed: 3)
      let drawn = withoutGradients {
        tokenLoss.sample(Guided(conditional: hidden), levels: levels, at: Moment(), &random)
      }.values.scalars
      let pairs = (0..<rows).map { (drawn[2 * $0], drawn[2 * $0 + 1]) }
      func near(_ point: Float) -> Double {
        Double(pairs.count { abs($0.0 - point) < 0.4 && abs($0.1 - point) < 0.4 }) / Double(rows)
      }
      #expect(near(1) + near(-1) > 0.85, "temperature \(temperature): \(near(1)) and \(near(-1))")
      #expect(range.contains(near(1) / (near(1) + near(-1))), "temperature \(temperature): \(near(1)) and \(near(-1))")
    }
  }

  @Test("a training step evaluates two tokens a pair, a draw one; presets have the papers' sizes")
  func evaluations() throws {
    let tokenLoss = try energy(", score-batch-mul: 3")
    #expect(tokenLoss.trainingEvaluations == 6 && tokenLoss.evaluations(at: Moment()) == 1)
    let space = TokenSpace(width: 16)
    let large = try withoutStorage { try loss("{ use: energy-score, preset: ear-l }", of: space, from: 1024) }
    let shapes = Dictionary(uniqueKeysWithValues: large.parameters.map { ($0.path, $0.parameter.value.shape) })
    #expect(shapes["network.blocks.7.first.weight"] == [1280, 1280] && shapes["network.blocks.8.first.weight"] == nil)
    #expect(shapes["network.noise.weight"] == [1280, 64] && shapes["network.output.weight"] == [16, 1280])
  }

  @Test("an exponent at which the score is not proper is refused")
  func refusals() {
    #expect(
      message { try loss("{ use: energy-score, alpha: 2 }", of: TokenSpace(width: 2)) }.contains(
        "'alpha' must be from 0.01 to 1.99, not 2."))
  }
}
