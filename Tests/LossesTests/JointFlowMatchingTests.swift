import Autoregression
import AutoregressionTesting
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

@Suite struct JointFlowMatchingTests {
  private func joint(_ more: String = "", disturbed: Float = 0.2, levels: Int = 1) throws -> any TokenLoss {
    let tokenLoss = try loss(
      "{ use: joint-flow-matching, width: 8, depth: 2, heads: 2, token-scale: none \(more) }",
      of: TokenSpace(width: 2), from: 4, levels: levels)
    disturb(tokenLoss, disturbed)
    return tokenLoss
  }

  /// Two samples of five tokens: groups of 1, 2 and 2 in the first, of 2, 1 and 2 in the second.
  private let positions = PredictedPositions(
    slots: (0..<2).map { _ in (0..<5).map { Slot(row: Float($0) / 5, column: 0.3, level: 0, position: $0) } },
    groups: [[0, 1, 1, 2, 2], [0, 0, 1, 2, 2]])

  private func numbers(_ width: Int, _ stream: String) -> Tensor {
    var random = Random(seed: 2, samples: [0, 1])
    return random.normal([2, 5, width], stream)
  }

  private func losses(
    _ tokenLoss: any TokenLoss, _ hidden: Tensor, _ truth: Tensor, _ positions: PredictedPositions
  ) -> Tensor {
    var random = Random(seed: 7, samples: [0, 1])
    return tokenLoss(hidden, Tokens(values: truth), at: positions, &random)
  }

  private func changed(_ x: Tensor, _ sample: Int, _ row: Int) -> Tensor {
    var scalars = x.scalars
    let width = x.shape[2]
    for i in 0..<width { scalars[(sample * x.shape[1] + row) * width + i] += 1 }
    return Tensor(x.shape, scalars)
  }

  @Test("a token's loss depends on the hidden states and tokens of its group and on no others")
  func groups() throws {
    let tokenLoss = try joint(", diffusion-batch-mul: 2"), hidden = numbers(4, "hidden"), truth = numbers(2, "truth")
    let before = losses(tokenLoss, hidden, truth, positions).scalars
    for sample in 0..<2 {
      for row in 0..<5 {
        for after in [
          losses(tokenLoss, changed(hidden, sample, row), truth, positions).scalars,
          losses(tokenLoss, hidden, changed(truth, sample, row), positions).scalars,
        ] {
          for other in 0..<10 {
            let isSame =
              other / 5 == sample && positions.groups[sample][other % 5] == positions.groups[sample][row]
            #expect((before[other] != after[other]) == isSame, "token \(row) of sample \(sample), loss \(other)")
          }
        }
      }
    }
  }

  @Test("without positions every token is alone, as in groups of one")
  func alone() throws {
    let tokenLoss = try joint(), hidden = numbers(4, "hidden"), truth = numbers(2, "truth")
    let levels = Array(repeating: [0, 0, 0, 0, 0], count: 2)
    var random = Random(seed: 7, samples: [0, 1])
    let alone = tokenLoss(hidden, Tokens(values: truth), levels: levels, &random)
    var separate = positions
    separate.groups = [[0, 1, 2, 3, 4], [0, 1, 2, 3, 4]]
    // A single token attends to itself, wherever it is.
    #expect(alone.distance(to: losses(tokenLoss, hidden, truth, separate)) < 1e-5)
    #expect(alone.distance(to: losses(tokenLoss, hidden, truth, positions)) > 1e-3)
  }

  @Test("an untouched network moves nothing: the loss is the size of x - noise, a draw the noise times the temperature")
  func still() throws {
    let tokenLoss = try joint(", steps: 3", disturbed: 0), hidden = numbers(4, "hidden"), truth = numbers(2, "truth")
    var random = Random(seed: 7, samples: [0, 1])
    let noise = random.normal([2, 5, 2], "noise")
    #expect(
      losses(tokenLoss, hidden, truth, positions).distance(to: (truth - noise).squared.mean(axis: 2)) < 1e-5)
    random = Random(seed: 9, samples: [0, 1])
    let initial = random.normal([2, 5, 2], "initial")
    random = Random(seed: 9, samples: [0, 1])
    let values = tokenLoss.sample(
      Guided(conditional: hidden, temperature: 0.5), at: positions, moment: Moment(), &random
    ).values
    #expect(values.distance(to: initial * 0.5) < 1e-6)
  }

  @Test("gradients are those of differences, for hidden features and for every parameter")
  func gradients() throws {
    let tokenLoss = try loss(
      "{ use: joint-flow-matching, width: 4, depth: 1, heads: 1, level-conditioning: embedding }",
      of: TokenSpace(width: 2), from: 3, levels: 2)
    disturb(tokenLoss, 0.3)
    // Differences of a steep function are coarse: the sum of 256 sinusoids is made small, and what is normalized large.
    for (path, factor) in [("network.timeIn.weight", Float(0.1)), ("network.input.weight", 8)] {
      let parameter = try #require(tokenLoss.parameters.first { $0.path == path }).parameter
      parameter.replace(parameter.value * factor)
    }
    var random = Random(seed: 5, samples: [0, 1])
    let hidden = random.normal([2, 3, 3], "hidden"), answers = random.normal([2, 3, 2], "answers")
    let positions = PredictedPositions(
      slots: (0..<2).map { _ in (0..<3).map { Slot(row: Float($0) / 3, column: 0, level: $0 % 2, position: $0) } },
      groups: [[0, 0, 1], [0, 1, 1]])
    func losses(_ hidden: Tensor) -> Tensor {
      var random = random
      return tokenLoss(hidden, Tokens(values: answers), at: positions, &random)
    }
    #expect(gradientsDisagree(of: [hidden]) { losses($0[0]) } == nil)
    // The time embedding has 256 inputs: its first layer is left out, for it alone would take seconds.
    #expect(
      parameterGradientsDisagree(tokenLoss, tolerance: 3e-3, where: { $0 != "network.timeIn.weight" }) {
        losses(hidden)
      } == nil)
  }

  @Test("a sample's values do not depend on the batch, and velocities are guided from the given time on")
  func batches() throws {
    let tokenLoss = try joint(", steps: 4, sampler: heun"), c = numbers(4, "c"), u = numbers(4, "u")
    func drawn(_ tokenLoss: any TokenLoss, _ samples: Range<Int>, scale: Float = 2) -> Tensor {
      var random = Random(seed: 9, samples: Array(samples))
      let positions = PredictedPositions(
        slots: Array(positions.slots[samples]), groups: Array(positions.groups[samples]))
      return tokenLoss.sample(
        Guided(
          conditional: c.sliced(samples, axis: 0), unconditional: u.sliced(samples, axis: 0), scale: scale,
          temperature: 0.9), at: positions, moment: Moment(), &random
      ).values
    }
    let together = drawn(tokenLoss, 0..<2)
    for sample in 0..<2 {
      #expect(
        drawn(tokenLoss, sample..<sample + 1).distance(to: together.sliced(sample..<sample + 1, axis: 0)) < 1e-5)
    }
    #expect(tokenLoss.evaluations(at: Moment()) == 8)
    let never = try joint(", steps: 4, sampler: heun, guidance-start: 1")
    // Heun's last evaluation is at time 1 itself.
    #expect(drawn(never, 0..<2).distance(to: drawn(tokenLoss, 0..<2, scale: 1)) > 0)
    let late = try joint(", steps: 4, guidance-start: 0.9"), plain = try joint(", steps: 4")
    #expect(drawn(late, 0..<2).distance(to: drawn(plain, 0..<2, scale: 1)) == 0)
    #expect(drawn(plain, 0..<2).distance(to: drawn(plain, 0..<2, scale: 1)) > 1e-3)
  }

  @Test("two tokens that are always equal are drawn equal by a joint flow, and half of the time by flows of their own")
  func correlation() throws {
    func equalPairs(_ settings: String, steps: Int) throws -> Int {
      var tokenLoss = try loss(settings, of: TokenSpace(width: 1), from: 2)
      let pairs = 64, hidden = Tensor([pairs, 2, 2], (0..<4 * pairs).map { [1, 0, 0, 1][$0 % 4] })
      let positions = PredictedPositions(
        slots: (0..<pairs).map { _ in Slot.cells(of: Grid(height: 1, width: 2)) },
        groups: Array(repeating: [0, 0], count: pairs))
      let answers = Tokens(values: Tensor([pairs, 2, 1], (0..<2 * pairs).map { $0 / 2 % 2 == 0 ? 1 : -1 }))
      tokenLoss.calibrate(on: answers, levels: positions.levels)
      var optimizer = Optimizer(tokenLoss.parameters.map(\.parameter), rule: AdamW(weightDecay: 0), clip: 1)
      for step in 0..<steps {
        var random = Random(seed: 2, step: step, samples: Array(0..<pairs))
        let rate = 5e-3 * (1 - Double(step) / Double(steps))
        _ = optimizer.step(tokenLoss(hidden, answers, at: positions, &random).mean, rate: rate)
      }
      var random = Random(seed: 3, samples: Array(0..<pairs))
      let drawn = withoutGradients {
        tokenLoss.sample(Guided(conditional: hidden), at: positions, moment: Moment(), &random)
      }.values.scalars
      return (0..<pairs).count { drawn[2 * $0] * drawn[2 * $0 + 1] > 0 }
    }
    let joint = try equalPairs("{ use: joint-flow-matching, width: 32, depth: 2, heads: 2, steps: 20 }", steps: 400)
    // Of 64 pairs half are equal by chance, with a deviation of 4.
    let separate = try equalPairs("{ use: flow-matching, width: 32, depth: 2, steps: 20 }", steps: 200)
    #expect(joint >= 60 && (20...44).contains(separate), "\(joint) and \(separate) of 64")
  }

  @Test("settings that cannot be are refused in one sentence")
  func refusals() {
    let space = TokenSpace(width: 2)
    #expect(
      message { try loss("{ use: joint-flow-matching, width: 24, heads: 4 }", of: space) }.hasPrefix(
        "test:1:40: loss 'joint-flow-matching' needs heads whose width 4 divides, not 4 of a width of 24; change "
          + "'heads' or 'width'."))
    #expect(
      message { try loss("{ use: joint-flow-matching, steps: 0 }", of: space) }.contains(
        "loss 'joint-flow-matching' takes 1 to 1000 steps."))
  }
}
