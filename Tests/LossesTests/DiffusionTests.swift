import Autoregression
import Networks
import Settings
import Tensors
import Testing

@Suite struct DiffusionTests {
  private let space = TokenSpace(width: 3), rows = 6

  private func levels(_ samples: Int = 1) -> Indices {
    Array(repeating: Array(repeating: 0, count: rows), count: samples)
  }

  /// A small diffusion with random weights, since some initial ones are zero.
  private func diffusion(_ more: String, deviation: Float = 0.3) throws -> any TokenLoss {
    let tokenLoss = try loss("{ use: diffusion, width: 16, depth: 1, token-scale: none, \(more) }", of: space, from: 4)
    var random = Random(seed: 21)
    for (_, parameter) in tokenLoss.parameters {
      let shape = parameter.value.shape
      let noise = random.normal([1, shape.product], "disturb").reshaped(shape)
      parameter.replace(parameter.value + noise * deviation)
    }
    return tokenLoss
  }

  private var hidden: Tensor {
    var random = Random(seed: 2)
    return random.normal([1, rows, 4], "hidden")
  }

  private func drawn(_ tokenLoss: any TokenLoss, temperature: Float = 1, seed: UInt64 = 9) -> Tensor {
    var random = Random(seed: seed)
    return withoutGradients {
      tokenLoss.sample(
        Guided(conditional: hidden, temperature: temperature), levels: levels(), at: Moment(), &random)
    }.values
  }

  @Test("with clipping, samples lie in the range of each channel of real tokens", arguments: ["ancestral", "ddim"])
  func clipping(_ sampler: String) throws {
    let targets = Tokens(values: Tensor([1, 6, 3], (0..<18).map { [-0.1, 0.2, 5][$0 % 3] * Float($0 / 3 % 2) }))
    let ranges: [ClosedRange<Float>] = [-0.1...0, 0...0.2, 0...5]
    func outside(_ clipping: String) throws -> Int {
      var tokenLoss = try diffusion("steps: 8, sampler: \(sampler), clip-denoised: \(clipping)")
      tokenLoss.calibrate(on: targets, levels: levels())
      // The last step ends at the prediction of x_0 itself, up to rounding.
      return drawn(tokenLoss).scalars.enumerated().count { i, x in
        let range = ranges[i % 3]
        return x < range.lowerBound - 1e-5 || x > range.upperBound + 1e-5
      }
    }
    #expect(try outside("data-range") == 0)
    #expect(try outside("none") > 6)
  }

  @Test("DDIM draws nothing but the initial noise; the ancestral sampler draws at every step")
  func draws() throws {
    let initial = Tensor([1, rows, 3], (0..<18).map { Float($0) / 9 - 1 })
    let tokenLoss = try diffusion("steps: 4, sampler: ddim, clip-denoised: none")
    var random = Random(replaying: ["initial": [initial]], samples: [0])
    let values = withoutGradients {
      tokenLoss.sample(Guided(conditional: hidden), levels: levels(), at: Moment(), &random).values
    }
    #expect(values.isFinite && values.distance(to: drawn(tokenLoss)) > 1e-3)
    let noise = Array(repeating: Tensor(zeros: [1, rows, 3]), count: 4)
    let ancestral = try diffusion("steps: 4, clip-denoised: none")
    random = Random(replaying: ["initial": [initial], "denoising": noise], samples: [0])
    let still = withoutGradients {
      ancestral.sample(Guided(conditional: hidden), levels: levels(), at: Moment(), &random).values
    }
    random = Random(replaying: ["initial": [initial], "denoising": noise.map { $0 + 1 }], samples: [0])
    let cold = withoutGradients {
      ancestral.sample(Guided(conditional: hidden, temperature: 0), levels: levels(), at: Moment(), &random).values
    }
    #expect(still.distance(to: cold) == 0, "at temperature 0 the noise of the steps has no effect")
  }

  @Test("temperature scales the noise of ancestral steps and has no effect on DDIM")
  func temperature() throws {
    let ancestral = try diffusion("steps: 4, clip-denoised: none"), ddim = try diffusion("steps: 4, sampler: ddim")
    #expect(drawn(ancestral, temperature: 0.5).distance(to: drawn(ancestral)) > 1e-3)
    #expect(drawn(ddim, temperature: 0.5).distance(to: drawn(ddim)) == 0)
  }

  @Test("a list of one section visits the steps that its number alone visits")
  func sections() throws {
    let number = try diffusion("steps: 7"), list = try diffusion("steps: [7]"), two = try diffusion("steps: [4, 3]")
    #expect(drawn(number).distance(to: drawn(list)) == 0)
    #expect(drawn(number).distance(to: drawn(two)) > 1e-4)
    #expect(list.evaluations(at: Moment()) == 7 && two.evaluations(at: Moment()) == 7)
  }

  @Test("steps may vary along a generation")
  func schedule() throws {
    let varied = try diffusion("steps: { from: 2, to: 5, over: last-step }")
    for (step, steps) in [(0, 2), (1, 5)] {
      var random = Random(seed: 9)
      let values = withoutGradients {
        varied.sample(
          Guided(conditional: hidden), levels: levels(), at: Moment(step: step, steps: 2, progress: 0), &random)
      }.values
      #expect(values.distance(to: drawn(try diffusion("steps: \(steps)"))) == 0)
    }
  }

  @Test("the loss of a token is the mean over its timesteps, and costs as many evaluations", arguments: [1, 3])
  func multiplier(_ count: Int) throws {
    let tokenLoss = try diffusion("diffusion-batch-mul: \(count)"), one = try diffusion("diffusion-batch-mul: 1")
    var random = Random(seed: 5)
    let x = random.normal([1, rows, 3], "x"), noise = random.normal([1, count * rows, 3], "noise")
    let timesteps = (0..<count * rows).map { Float($0 * 37 % 1000) }
    func losses(_ tokenLoss: any TokenLoss, _ range: Range<Int>) -> Tensor {
      var random = Random(
        replaying: [
          "timestep": [Tensor([1, range.count], Array(timesteps[range]))], "noise": [noise.sliced(range, axis: 1)],
        ], samples: [0])
      return withoutGradients { tokenLoss(hidden, Tokens(values: x), levels: levels(), &random) }
    }
    let parts = (0..<count).map { losses(one, $0 * rows..<($0 + 1) * rows) }
    let mean = parts.dropFirst().reduce(parts[0], +) * (1 / Float(count))
    #expect(losses(tokenLoss, 0..<count * rows).distance(to: mean) < 1e-4 * max(1, mean.absolute.extent.upperBound))
    #expect(tokenLoss.trainingEvaluations == count)
  }

  @Test("numbers of steps that a schedule does not have are refused in one sentence")
  func refusals() {
    func refusal(_ steps: String) -> String { message { try diffusion("steps: \(steps)") } }
    #expect(refusal("0").contains("loss 'diffusion' takes 1 to 1000 denoising steps."))
    #expect(refusal("{ from: 10, to: 2000 }").contains("loss 'diffusion' takes 1 to 1000 denoising steps."))
    #expect(
      refusal("[600, 10]").contains(
        "loss 'diffusion' has 1000 timesteps in 2 sections; each section takes 1 to 500 steps."))
    #expect(refusal("[]").contains("loss 'diffusion' has 1000 timesteps in 0 sections"))
  }
}
