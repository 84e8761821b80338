import Autoregression
import Networks
import Settings
import Tensors
import Testing

@Suite struct FlowMatchingTests {
  private func flow(_ more: String, disturbed: Float) throws -> any TokenLoss {
    let tokenLoss = try loss(
      "{ use: flow-matching, width: 16, depth: 1, token-scale: none, \(more) }", of: TokenSpace(width: 3), from: 4)
    var random = Random(seed: 21)
    for (_, parameter) in tokenLoss.parameters {
      let shape = parameter.value.shape, noise = random.normal([1, shape.product], "disturb").reshaped(shape)
      parameter.replace(parameter.value + noise * disturbed)
    }
    return tokenLoss
  }

  private func drawn(
    _ tokenLoss: any TokenLoss, _ c: Tensor, _ u: Tensor? = nil, _ scale: Float = 1, temperature: Float = 1
  )
    -> Tensor
  {
    var random = Random(seed: 9, samples: [0, 1])
    return tokenLoss.sample(
      Guided(conditional: c, unconditional: u, scale: scale, temperature: temperature),
      levels: Array(repeating: [0, 0, 0, 0, 0], count: 2), at: Moment(), &random
    ).values
  }

  private var hidden: (Tensor, Tensor) {
    var random = Random(seed: 2, samples: [0, 1])
    return (random.normal([2, 5, 4], "c"), random.normal([2, 5, 4], "u"))
  }

  @Test("the loss is the squared distance to the straight line's velocity")
  func target() throws {
    // An untouched network says that nothing moves, so that the loss is the size of x - noise.
    let tokenLoss = try flow("diffusion-batch-mul: 1", disturbed: 0), x = hidden.1.sliced(0..<3, axis: 2)
    var random = Random(seed: 7, samples: [0, 1]), again = random
    let losses = tokenLoss(
      hidden.0, Tokens(values: x), levels: Array(repeating: [0, 0, 0, 0, 0], count: 2), &random)
    let noise = again.normal([2, 5, 3], "noise")
    #expect(losses.distance(to: (x - noise).squared.mean(axis: 2)) < 1e-5)
  }

  @Test(
    "where nothing moves a token is its noise, scaled by the temperature; where all moves alike it is moved by that")
  func still() throws {
    let tokenLoss = try flow("steps: 5", disturbed: 0)
    var random = Random(seed: 9, samples: [0, 1])
    let noise = random.normal([2, 5, 3], "initial")
    #expect(drawn(tokenLoss, hidden.0, temperature: 0.5).distance(to: noise * 0.5) < 1e-6)
    let bias = try #require(tokenLoss.parameters.first { $0.path == "network.output.bias" }).parameter
    bias.replace(Tensor([3], [1, -2, 3]))
    #expect(drawn(tokenLoss, hidden.0).distance(to: noise + Tensor([3], [1, -2, 3])) < 1e-5)
  }

  @Test("both samplers come to the same token as steps grow, and Heun's comes there sooner")
  func samplers() throws {
    func run(_ sampler: String, _ steps: Int) throws -> Tensor {
      let tokenLoss = try flow("sampler: \(sampler), steps: \(steps)", disturbed: 0.15)
      // Only sinusoids with a phase below 1 at the end: faster ones require more steps than a test has.
      let weight = try #require(tokenLoss.parameters.first { $0.path == "network.timeIn.weight" }).parameter
      let isSlow = Tensor([1, 256], (0..<256).map { $0 % 128 < 96 ? 0 : 1 })
      weight.replace(weight.value * isSlow)
      return drawn(tokenLoss, hidden.0)
    }
    let truth = try run("heun", 400)
    let euler = try [20, 40].map { try run("euler", $0).distance(to: truth) }
    let heun = try [20, 40].map { try run("heun", $0).distance(to: truth) }
    #expect(euler[1] < 0.65 * euler[0], "first order: half the error with twice the steps")
    #expect(heun[1] < 0.4 * heun[0], "second order: a quarter")
    #expect(heun[1] < 0.3 * euler[1])
    #expect(try run("euler", 400).distance(to: truth) < euler[1] / 4)
  }

  @Test("guidance combines velocities")
  func guidance() throws {
    let tokenLoss = try flow("steps: 1", disturbed: 0.3), (c, u) = hidden
    // In one step a token is noise + velocity, so that tokens combine as velocities do.
    let (conditional, free) = (drawn(tokenLoss, c), drawn(tokenLoss, u))
    #expect(drawn(tokenLoss, c, u, 2.5).distance(to: free + (conditional - free) * 2.5) < 1e-4)
    #expect(drawn(tokenLoss, c, u, 1).distance(to: conditional) == 0)
    #expect(conditional.distance(to: free) > 0.01)
  }

  @Test("a schedule of steps follows the generation")
  func schedule() throws {
    let tokenLoss = try flow("steps: { from: 1, to: 4, over: last-step }", disturbed: 0.15)
    for (step, steps) in [(0, 1), (1, 4)] {
      var random = Random(seed: 9, samples: [0, 1])
      let values = tokenLoss.sample(
        Guided(conditional: hidden.0), levels: Array(repeating: [0, 0, 0, 0, 0], count: 2),
        at: Moment(step: step, steps: 2, progress: 0), &random
      ).values
      #expect(values.distance(to: drawn(try flow("steps: \(steps)", disturbed: 0.15), hidden.0)) == 0)
    }
  }

  @Test("times have the distribution of the setting", arguments: ["uniform", "logit-normal"])
  func times(_ times: String) throws {
    // With zero noise and x = 0 the loss depends on time only through the network.
    let tokenLoss = try flow("diffusion-batch-mul: 1, timestep-sampling: \(times)", disturbed: 0.3)
    var random = Random(
      replaying: [
        "time": [Tensor(repeating: times == "uniform" ? 0.5 : 0, shape: [2, 5])], "noise": [Tensor(zeros: [2, 5, 3])],
      ], samples: [0, 1])
    let half = tokenLoss(
      hidden.0, Tokens(values: Tensor(zeros: [2, 5, 3])), levels: Array(repeating: [0, 0, 0, 0, 0], count: 2), &random)
    let other = try flow(
      "diffusion-batch-mul: 1, timestep-sampling: \(times == "uniform" ? "logit-normal" : "uniform")", disturbed: 0.3)
    random = Random(
      replaying: [
        "time": [Tensor(repeating: times == "uniform" ? 0 : 0.5, shape: [2, 5])], "noise": [Tensor(zeros: [2, 5, 3])],
      ], samples: [0, 1])
    let same = other(
      hidden.0, Tokens(values: Tensor(zeros: [2, 5, 3])), levels: Array(repeating: [0, 0, 0, 0, 0], count: 2), &random)
    #expect(half.distance(to: same) < 1e-5, "the sigmoid of 0 is a half")
  }
}
