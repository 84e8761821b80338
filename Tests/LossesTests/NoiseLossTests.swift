import Autoregression
import Tensors
import Testing

@Suite struct NoiseLossTests {
  private let space = TokenSpace(width: 4)

  private func losses(_ settings: String, noise: Float?) throws -> Tensor? {
    let tokenLoss = try loss(settings, of: space, seed: 3)
    var random = Random(seed: 2, samples: Array(0..<16))
    let hidden = random.normal([16, 8, 6], "hidden"), answers = Tokens(values: random.normal([16, 8, 4], "answers"))
    let levels = Array(repeating: Array(repeating: 0, count: 8), count: 16)
    guard let noise else { return tokenLoss(hidden, answers, levels: levels, &random) }
    return tokenLoss.loss(hidden, answers, levels: levels, noise: noise, &random)
  }

  @Test("the mean of the loss over evenly spaced noise levels is the training loss, which draws them uniformly")
  func mean() throws {
    for settings in [
      "{ use: diffusion, width: 8, depth: 1 }",
      "{ use: flow-matching, width: 8, depth: 1, timestep-sampling: uniform }",
    ] {
      let parts = try (0..<64).map { try #require(try losses(settings, noise: (Float($0) + 0.5) / 64)).mean.scalar }
      let all = try #require(try losses(settings, noise: nil)).mean.scalar, mean = parts.reduce(0, +) / 64
      // 512 draws against 64 x 512: the deviation of one loss is about its mean, so four deviations are 18 %.
      #expect(abs(mean - all) < 0.18 * all, "\(settings): \(mean) and \(all)")
    }
  }

  @Test("a loss without noise has no loss at a noise level, and samples in one evaluation")
  func none() throws {
    #expect(try losses("use: l2", noise: 0.5) == nil)
    #expect(try loss("use: l2", of: space).evaluations(at: Moment()) == 1)
  }

  @Test("evaluations follow the steps of a moment, and Heun takes two a step")
  func evaluations() throws {
    let first = Moment(step: 0, steps: 2, progress: 0), last = Moment(step: 1, steps: 2, progress: 1)
    let varied = try loss("{ use: diffusion, width: 8, depth: 1, steps: { from: 10, to: 30 } }", of: space)
    #expect(varied.evaluations(at: first) == 10 && varied.evaluations(at: last) == 30)
    let sections = try loss("{ use: diffusion, width: 8, depth: 1, steps: [4, 2] }", of: space)
    #expect(sections.evaluations(at: first) == 6)
    let heun = try loss("{ use: flow-matching, width: 8, depth: 1, steps: 5, sampler: heun }", of: space)
    #expect(heun.evaluations(at: first) == 10)
  }
}
