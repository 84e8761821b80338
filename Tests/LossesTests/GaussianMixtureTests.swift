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

  /// One Gaussian of a channel with the condition and one without.
  private struct Pair: Sendable, CustomStringConvertible {
    let mean: Double, deviation: Double, freeMean: Double, freeDeviation: Double
    var description: String { "N(\(mean), \(deviation)) over N(\(freeMean), \(freeDeviation))" }

    /// s log c(x) - (s - 1) log u(x).
    func logProduct(_ x: Double, _ scale: Double) -> Double {
      func logDensity(_ mean: Double, _ s: Double) -> Double {
        -0.5 * (x - mean) * (x - mean) / (s * s) - log(s) - 0.5 * log(2 * Double.pi)
      }
      return scale * logDensity(mean, deviation) - (scale - 1) * logDensity(freeMean, freeDeviation)
    }
  }

  /// Guided draws of one channel.
  private func drawn(_ pair: Pair, scale: Float, temperature: Float = 1, count: Int = 20_000) throws -> Draw {
    let tokenLoss = try mixture(weights: [0], means: [[0]], raw: [[0]])
    // The raw number whose positive form is a deviation.
    func raw(_ deviation: Double) -> Float { Float((deviation - 0.001) - 1 / (deviation - 0.001)) }
    func replace(_ name: String, _ value: Float) throws {
      let parameter = try #require(tokenLoss.parameters.first { $0.path == name }).parameter
      parameter.replace(Tensor(repeating: value, shape: parameter.value.shape))
    }
    // With the condition hidden is 1, without it 0.
    try replace("means.weight", Float(pair.mean - pair.freeMean))
    try replace("means.bias", Float(pair.freeMean))
    try replace("deviations.weight", raw(pair.deviation) - raw(pair.freeDeviation))
    try replace("deviations.bias", raw(pair.freeDeviation))
    var random = Random(seed: 4)
    return tokenLoss.sample(
      Guided(
        conditional: Tensor(repeating: 1, shape: [1, count, 1]), unconditional: Tensor(zeros: [1, count, 1]),
        scale: scale, temperature: temperature), levels: [Array(repeating: 0, count: count)], at: Moment(), &random)
  }

  @Test(
    "guidance draws from the powers of densities, with no tail wider than that of proposals of twice the deviation",
    arguments: [
      Pair(mean: 1, deviation: 1, freeMean: 0, freeDeviation: 2),
      Pair(mean: 0, deviation: 1, freeMean: 0.5, freeDeviation: 1),
      // The product is wide and far, or no density at all.
      Pair(mean: 0, deviation: 1.15, freeMean: -0.6, freeDeviation: 1),
      Pair(mean: 0, deviation: 3, freeMean: 1, freeDeviation: 1),
    ], [Float(1.4), 2.8])
  private func guidance(_ pair: Pair, _ scale: Float) throws {
    let draw = try drawn(pair, scale: scale), values = draw.values.scalars
    #expect(draw.unguided == 0)
    // min(p / P, q / q(m)), P the largest p within 10 of the mean, in steps of 0.005.
    let reachable = 2 * max(pair.deviation, pair.freeDeviation)
    let points = (-8000...8000).map { 0.005 * Double($0) }
    let products = points.map { pair.logProduct(pair.mean + $0, Double(scale)) }
    let peak = zip(points, products).filter { abs($0.0) <= 10 }.map(\.1).max() ?? 0
    let density = zip(points, products).map { z, p in exp(min(p - peak, -0.5 * z * z / (reachable * reachable))) }
    let total = density.reduce(0, +), mean = zip(points, density).reduce(0) { $0 + $1.0 * $1.1 } / total
    let variance = zip(points, density).reduce(0) { $0 + ($1.0 - mean) * ($1.0 - mean) * $1.1 } / total
    let found = moments(values), n = Double(values.count)
    // Five deviations of a mean; that of a deviation is smaller for all but two far heaps.
    let allowed = 5 * (variance / n).squareRoot()
    #expect(abs(found.mean - pair.mean - mean) < allowed, "\(found.mean - pair.mean) for \(mean)")
    #expect(abs(found.deviation - variance.squareRoot()) < 1.5 * allowed, "\(found.deviation)")
    for reach in [1.0, 2, 3] {
      let outside = Double(values.filter { abs(Double($0) - pair.mean) > reach * pair.deviation }.count) / n
      let wanted = zip(points, density).reduce(0) { $0 + (abs($1.0) > reach * pair.deviation ? $1.1 : 0) } / total
      #expect(abs(outside - wanted) < 5 * (wanted * (1 - wanted) / n).squareRoot() + 2 / n, "\(outside) for \(wanted)")
    }
    #expect(values.allSatisfy { abs(Double($0) - pair.mean) < 6 * reachable })
  }

  @Test("channels whose proposals fail are drawn with the condition alone, and are counted")
  func unguided() throws {
    let pair = Pair(mean: 0, deviation: 0.6, freeMean: 0, freeDeviation: 0.5)
    let draw = try drawn(pair, scale: 4, count: 2000)
    #expect(draw.unguided == 1)
    #expect(abs(moments(draw.values.scalars).deviation - 0.6) < 0.05)
  }

  @Test("temperature scales both deviations, a scale below 1 mixes, and confidence is guided as logarithms are")
  func guidedTemperature() throws {
    let pair = Pair(mean: 0, deviation: 1, freeMean: 0, freeDeviation: 2)
    let hot = try moments(drawn(pair, scale: 2).values.scalars).deviation
    let cold = try moments(drawn(pair, scale: 2, temperature: 0.5).values.scalars).deviation
    #expect(abs(cold - hot / 2) < 0.03)
    #expect(try drawn(pair, scale: 2, temperature: 0, count: 10).values.scalars.allSatisfy { $0 == 0 })
    // Half of each precision: (1 + 1 / 4) / 2.
    #expect(abs(try moments(drawn(pair, scale: 0.5).values.scalars).deviation - (1 / 0.625).squareRoot()) < 0.05)
    let draw = try drawn(Pair(mean: 1, deviation: 1, freeMean: 0, freeDeviation: 2), scale: 3, count: 4)
    let wanted = Pair(mean: 1, deviation: 1, freeMean: 0, freeDeviation: 2)
      .logProduct(Double(draw.values.scalars[0]), 3)
    #expect(abs(Double(try #require(draw.confidence).scalars[0]) - wanted) < 1e-3)
  }
}
