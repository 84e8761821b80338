import Autoregression
import AutoregressionTesting
import Networks
import Settings
import Tensors
import Testing

/// Losses over values, small.
private let small = [
  "l2": "{ use: l2, level-conditioning: none }",
  "gaussian-mixture": "{ use: gaussian-mixture, components: 3, level-conditioning: none }",
  "energy-score": "{ use: energy-score, width: 16, depth: 1, level-conditioning: none }",
  "flow-matching":
    "{ use: flow-matching, width: 16, depth: 1, diffusion-batch-mul: 2, steps: 4, level-conditioning: none }",
  "joint-flow-matching":
    "{ use: joint-flow-matching, width: 16, depth: 1, steps: 4, level-conditioning: none }",
  "diffusion":
    "{ use: diffusion, width: 16, depth: 1, diffusion-batch-mul: 2, steps: 4, clip-denoised: none, "
    + "level-conditioning: none }",
]
private let keys = small.keys.sorted()

private func tokenLoss(_ key: String, _ more: String = "", width: Int, levels: Int = 1) throws -> any TokenLoss {
  let text = try #require(small[key])
  return try loss(more.isEmpty ? text : text.dropLast() + ", \(more) }", of: TokenSpace(width: width), levels: levels)
}

/// Puts random numbers into every parameter, since some start at zero.
private func disturb(_ module: any Module, _ deviation: Float) {
  var random = Random(seed: 21)
  for (_, parameter) in module.parameters {
    let shape = parameter.value.shape
    parameter.replace(parameter.value + (random.normal([1, shape.product], "disturb") * deviation).reshaped(shape))
  }
}

@Suite struct ValueLossTests {
  @Test(
    "gradients are those of differences, for hidden features and for every parameter",
    arguments: ["l2", "gaussian-mixture", "flow-matching"])
  func gradients(_ key: String) throws {
    // The diffusion loss stops gradients on purpose; it is held against the reference's gradients.
    let tokenLoss = try loss(
      key == "flow-matching"
        ? "{ use: flow-matching, width: 4, depth: 1, diffusion-batch-mul: 2, level-conditioning: embedding }"
        : "{ use: \(key) \(key == "l2" ? "" : ", components: 3") }", of: TokenSpace(width: 2), from: 3, levels: 2)
    disturb(tokenLoss, 0.3)
    var random = Random(seed: 5, samples: [0, 1])
    let hidden = random.normal([2, 2, 3], "hidden"), answers = random.normal([2, 2, 2], "answers")
    func losses(_ hidden: Tensor) -> Tensor {
      var random = random
      return tokenLoss(hidden, Tokens(values: answers), levels: [[0, 1], [1, 0]], &random)
    }
    #expect(losses(hidden).shape == [2, 2])
    #expect(gradientsDisagree(of: [hidden]) { losses($0[0]) } == nil)
    // The time embedding has 256 inputs: its first layer is left out, for it alone would take seconds.
    #expect(
      parameterGradientsDisagree(tokenLoss, tolerance: 3e-3, where: { $0 != "network.timeIn.weight" }) {
        losses(hidden)
      }
        == nil)
  }

  @Test("of two equally probable values squared error gives the mean, and the other losses one or the other")
  func twoPoints() throws {
    for (key, more, steps) in [
      ("l2", "", 300), ("gaussian-mixture", "", 400), ("flow-matching", "steps: 16, width: 32", 700),
      ("diffusion", "steps: 25, width: 32", 900),
    ] {
      let text =
        more.isEmpty
        ? small[key]! : "{ use: \(key), depth: 2, diffusion-batch-mul: 4, level-conditioning: none, \(more) }"
      var tokenLoss = try loss(text, of: TokenSpace(width: 2), from: 2)
      let rows = 64
      var optimizer = Optimizer(tokenLoss.parameters.map(\.parameter), rule: AdamW(weightDecay: 0), clip: 1)
      let hidden = Tensor(repeating: 1, shape: [1, rows, 2]), levels = [Array(repeating: 0, count: rows)]
      // Half of the tokens are (1, 1), half (-1, -1).
      let answers = Tokens(values: Tensor([1, rows, 2], (0..<2 * rows).map { $0 / 2 % 2 == 0 ? 1 : -1 }))
      tokenLoss.calibrate(on: answers, levels: levels)
      for step in 0..<steps {
        var random = Random(seed: 2, step: step)
        let rate = 1e-2 * (1 - Double(step) / Double(steps))
        _ = optimizer.step(tokenLoss(hidden, answers, levels: levels, &random).mean, rate: rate)
      }
      var random = Random(seed: 3)
      let drawn = withoutGradients {
        tokenLoss.sample(Guided(conditional: hidden), levels: levels, at: Moment(), &random)
      }.values.scalars
      if key == "l2" {
        #expect(drawn.allSatisfy { abs($0) < 0.05 }, "\(key)")
      } else {
        let pairs = (0..<rows).map { (drawn[2 * $0], drawn[2 * $0 + 1]) }
        func near(_ point: Float) -> Int { pairs.count { abs($0.0 - point) < 0.35 && abs($0.1 - point) < 0.35 } }
        // 64 tokens, 32 of each expected with a deviation of 4.
        #expect(near(1) + near(-1) >= 58 && near(1) >= 16 && near(-1) >= 16, "\(key): \(near(1)), \(near(-1))")
      }
    }
  }

  @Test("a sample's values do not depend on the batch", arguments: keys)
  func batches(_ key: String) throws {
    let tokenLoss = try tokenLoss(key, width: 3)
    disturb(tokenLoss, 0.2)
    var random = Random(seed: 8, samples: [0, 1, 2])
    let c = random.normal([3, 4, 6], "c"), u = random.normal([3, 4, 6], "u")
    func drawn(_ samples: Range<Int>) -> Draw {
      var random = Random(seed: 9, samples: Array(samples))
      return tokenLoss.sample(
        Guided(
          conditional: c.sliced(samples, axis: 0), unconditional: u.sliced(samples, axis: 0), scale: 2, temperature: 0.9
        ),
        levels: Array(repeating: [0, 0, 0, 0], count: samples.count), at: Moment(), &random)
    }
    let together = drawn(0..<3)
    #expect(together.values.isFinite && (together.confidence != nil) == tokenLoss.givesConfidence)
    for sample in 0..<3 {
      let alone = drawn(sample..<sample + 1)
      let largest = together.values.absolute.extent.upperBound
      let error = alone.values.distance(to: together.values.sliced(sample..<sample + 1, axis: 0))
      #expect(error <= 1e-5 * largest)
    }
  }

  @Test(
    "tokens normalized by the scale of their level are modelled as if all levels had the same scale", arguments: keys)
  func tokenScale(_ key: String) throws {
    var divided = try tokenLoss(key, width: 2, levels: 3),
      plain = try tokenLoss(key, "token-scale: none", width: 2, levels: 3)
    #expect(plain.statistics.allSatisfy { !$0.path.contains("spread") })
    #expect(divided.statistics.contains { $0.path == "spread.deviations" })
    disturb(divided, 0.2)
    disturb(plain, 0.2)
    // Level 0 deviates by 3, level 1 by 0.5, and no token is of level 2.
    let measured = Tensor([2, 2, 2], [3, -3, 0.5, -0.5, -3, 3, -0.5, 0.5]), levels = [[0, 1], [0, 1]]
    divided.calibrate(on: Tokens(values: measured), levels: levels)
    plain.calibrate(on: Tokens(values: measured), levels: levels)
    let deviations = try #require(divided.statistics.first { $0.path == "spread.deviations" }).statistic.value
    #expect(deviations.distance(to: Tensor([3], [3, 0.5, Float(4.625).squareRoot()])) < 1e-6)
    var random = Random(seed: 4, samples: [0, 1])
    let hidden = random.normal([2, 2, 6], "hidden"), x = random.normal([2, 2, 2], "x")
    let factors = Tensor([2, 2, 1], [3, 0.5, 3, 0.5])
    func losses(_ tokenLoss: any TokenLoss, _ x: Tensor) -> Tensor {
      var random = Random(seed: 6, samples: [0, 1])
      return tokenLoss(hidden, Tokens(values: x), levels: levels, &random)
    }
    // A likelihood stays that of the tokens as they are.
    let shift = key == "gaussian-mixture" ? factors.logarithm.reshaped([2, 2]) : Tensor(zeros: [2, 2])
    #expect(losses(divided, x * factors).distance(to: losses(plain, x) + shift) < 1e-4)
    func drawn(_ tokenLoss: any TokenLoss) -> Tensor {
      var random = Random(seed: 6, samples: [0, 1])
      return tokenLoss.sample(Guided(conditional: hidden), levels: levels, at: Moment(), &random).values
    }
    #expect(drawn(divided).distance(to: drawn(plain) * factors) < 1e-4)
  }

  @Test(
    "the loss depends on the level where it is conditioned on it",
    arguments: ["l2", "gaussian-mixture", "flow-matching", "energy-score", "joint-flow-matching"])
  func levels(_ key: String) throws {
    let tokenLoss = try loss("use: \(key)", of: TokenSpace(width: 2), from: 3, levels: 2)
    disturb(tokenLoss, 0.5)
    var random = Random(seed: 4)
    let hidden = Tensor(repeating: 0.5, shape: [1, 1, 3]), x = random.normal([1, 1, 2], "x")
    func losses(_ level: Int) -> Float {
      var random = random
      return tokenLoss(hidden, Tokens(values: x), levels: [[level]], &random).scalar
    }
    #expect(losses(0) != losses(1))
  }

  @Test("settings that cannot be are refused in one sentence")
  func refusals() {
    let space = TokenSpace(width: 2)
    #expect(
      message { try loss("{ use: flow-matching, steps: 0 }", of: space) }.hasPrefix(
        "test:1:23: loss 'flow-matching' takes 1 to 1000 steps."))
    #expect(
      message { try loss("{ use: flow-matching, steps: { from: 10, to: 2000 } }", of: space) }.contains(
        "loss 'flow-matching' takes 1 to 1000 steps."))
    #expect(
      message { try loss("{ use: gaussian-mixture, components: 0 }", of: space) }.contains(
        "'components' must be from 1 to 1024, not 0."))
    #expect(
      message { try loss("{ use: l2, token-scale: channel }", of: space) }.contains(
        "'token-scale' must be one of none, per-level, not 'channel'."))
  }
}
