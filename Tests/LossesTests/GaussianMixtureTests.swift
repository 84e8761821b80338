import Autoregression
import Foundation
import Networks
import Settings
import Tensors
import Testing

@Suite struct GaussianMixtureTests {
  /// A mixture with these parameters; `raw` are deviations before they are made positive.
  private func mixture(weights: [Float], means: [[Float]], raw: [[Float]]) throws -> any TokenLoss {
    let tokenLoss = try loss(
      "{ use: gaussian-mixture, components: \(weights.count), token-scale: none }",
      of: TokenSpace(width: means[0].count),
      from: 1)
    for (path, parameter) in tokenLoss.parameters where path.hasSuffix("weight") {
      parameter.replace(Tensor(zeros: parameter.value.shape))
    }
    for (path, numbers) in [("weights", weights), ("means", means.flatMap { $0 }), ("deviations", raw.flatMap { $0 })] {
      try #require(tokenLoss.parameters.first { $0.path == "\(path).bias" }).parameter.replace(
        Tensor([numbers.count], numbers))
    }
    return tokenLoss
  }

  private func positive(_ raw: Float) -> Double {
    let x = Double(raw)
    return (x + (x * x + 4).squareRoot()) / 2 + 0.001
  }

  @Test("the loss is minus the log-density in nats per number, far from every mean, too")
  func density() throws {
    let weights: [Float] = [0.2, -1], means: [[Float]] = [[1, -2], [0.5, 3]], raw: [[Float]] = [[0, -1], [2, -0.5]]
    let tokenLoss = try mixture(weights: weights, means: means, raw: raw)
    let points: [[Float]] = [[1, -2], [0, 0], [40, -60]]
    var random = Random(seed: 1)
    let losses = tokenLoss(
      Tensor(zeros: [1, 3, 1]), Tokens(values: Tensor([1, 3, 2], points.flatMap { $0 })), levels: [[0, 0, 0]], &random)
    let total = weights.reduce(0) { $0 + exp(Double($1)) }
    for (row, point) in points.enumerated() {
      let logs = weights.indices.map { k in
        (0..<2).reduce(log(exp(Double(weights[k])) / total)) { sum, c in
          let s = positive(raw[k][c]), z = (Double(point[c]) - Double(means[k][c])) / s
          return sum - 0.5 * z * z - log(s) - 0.5 * log(2 * Double.pi)
        }
      }
      let largest = logs.max() ?? 0, density = largest + log(logs.reduce(0) { $0 + exp($1 - largest) })
      let found = Double(losses.scalars[row])
      #expect(abs(found + density / 2) < 1e-5 * max(1, abs(density)))
    }
  }

  /// Mean and deviation of all numbers.
  private func moments(_ values: [Float]) -> (mean: Double, deviation: Double) {
    let n = Double(values.count), mean = values.reduce(0) { $0 + Double($1) } / n
    return (mean, (values.reduce(0) { $0 + (Double($1) - mean) * (Double($1) - mean) } / n).squareRoot())
  }

  @Test("components come as often as their weights say, and temperature scales how far draws lie from means")
  func drawing() throws {
    let count = 20_000,
      tokenLoss = try mixture(weights: [logf(0.3), logf(0.7)], means: [[-10], [10]], raw: [[0], [-1]])
    for (seed, temperature) in [(1, 1), (2, 0.5), (3, 0)] as [(UInt64, Float)] {
      var random = Random(seed: seed)
      let draw = tokenLoss.sample(
        Guided(conditional: Tensor(zeros: [1, count, 1]), temperature: temperature),
        levels: [Array(repeating: 0, count: count)], at: Moment(), &random)
      let values = draw.values.scalars, left = values.filter { $0 < 0 }, right = values.filter { $0 > 0 }
      // Five deviations of a frequency of 0.3 in 20,000 draws, and of a deviation measured on some 6,000.
      #expect(abs(Double(left.count) / Double(count) - 0.3) < 0.0165)
      #expect(abs(moments(left).deviation - Double(temperature) * positive(0)) < 0.05)
      #expect(abs(moments(right).deviation - Double(temperature) * positive(-1)) < 0.03)
      #expect(abs(moments(left).mean + 10) < 0.07 && abs(moments(right).mean - 10) < 0.03)
    }
  }

  @Test("guidance draws from the density with the condition over that without, as powers")
  func guidance() throws {
    let count = 20_000, tokenLoss = try mixture(weights: [0], means: [[0]], raw: [[0]])
    // With the condition hidden is 1: mean 1; without it 0: mean 0 and a raw deviation of 1.5, about 2.
    func weight(_ name: String) throws -> Parameter {
      try #require(tokenLoss.parameters.first { $0.path == "\(name).weight" }).parameter
    }
    try weight("means").replace(Tensor([1, 1], [1]))
    try weight("deviations").replace(Tensor([1, 1], [-1.5]))
    try #require(tokenLoss.parameters.first { $0.path == "deviations.bias" }).parameter.replace(Tensor([1], [1.5]))
    let conditional = Tensor(repeating: 1, shape: [1, count, 1]), free = Tensor(zeros: [1, count, 1])
    func drawn(_ c: Tensor, _ u: Tensor?, _ scale: Float) -> (draw: Draw, mean: Double, deviation: Double) {
      var random = Random(seed: 4)
      let draw = tokenLoss.sample(
        Guided(conditional: c, unconditional: u, scale: scale), levels: [Array(repeating: 0, count: count)],
        at: Moment(), &random)
      let found = moments(draw.values.scalars)
      return (draw, found.mean, found.deviation)
    }
    let s = positive(0), freeDeviation = positive(1.5)
    let precision = 3 / (s * s) - 2 / (freeDeviation * freeDeviation), found = drawn(conditional, free, 3)
    #expect(abs(found.mean - 3 / (s * s) / precision) < 0.03)
    #expect(abs(found.deviation - (1 / precision).squareRoot()) < 0.02)
    // Where the condition is the wider one by far there is no such density: the conditional one is drawn.
    #expect(
      abs(drawn(free, conditional, 3).deviation - freeDeviation) < 0.06 && abs(drawn(free, conditional, 3).mean) < 0.08)
    // Confidence is guided as logarithms are: u + s (c - u).
    let x = Double(found.draw.values.scalars[0]), confidence = try #require(found.draw.confidence).scalars[0]
    func logDensity(_ mean: Double, _ s: Double) -> Double {
      -0.5 * (x - mean) * (x - mean) / (s * s) - log(s) - 0.5 * log(2 * Double.pi)
    }
    let c = logDensity(1, s), u = logDensity(0, freeDeviation)
    #expect(abs(Double(confidence) - (u + 3 * (c - u))) < 1e-4)
  }
}
