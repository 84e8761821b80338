import Autoregression
import AutoregressionTesting
import FixtureSupport
import Networks
import Settings
import Tensors
import Testing

private let codes = TokenSpace(width: 3, vocabulary: 5)

@Suite struct CrossEntropyTests {
  private func parameter(_ loss: any TokenLoss, _ path: String) throws -> Parameter {
    try #require(loss.parameters.first { $0.path == path }?.parameter)
  }

  @Test("the loss of each token is what the formula gives by hand", arguments: [0, 0.1, 0.5] as [Float])
  func value(_ smoothing: Float) throws {
    let tokenLoss = try loss("{ use: cross-entropy, label-smoothing: \(smoothing) }", of: codes, from: 5)
    // The head hands through what it is given, so that hidden numbers are logits.
    try parameter(tokenLoss, "head.weight").replace(Tensor([5, 5], (0..<25).map { $0 % 6 == 0 ? 1 : 0 }))
    var random = Random(seed: 3, samples: [0, 1])
    let logits = random.normal([2, 2, 5], "logits"), answers = [[4, 0], [2, 2]]
    let losses = tokenLoss(
      logits, Tokens(values: Tensor(zeros: [2, 2, 3]), codes: answers), levels: [[0, 0], [0, 0]], &random)
    #expect(losses.shape == [2, 2])
    let probabilities = logits.softmax.scalars
    let expected = (0..<4).map { row in
      let answer = answers[row / 2][row % 2]
      return (0..<5).reduce(Float(0)) { sum, code in
        let target = (code == answer ? 1 - smoothing : 0) + smoothing / 5
        return sum - target * Tensor(probabilities[row * 5 + code]).logarithm.scalar
      }
    }
    #expect(losses.distance(to: Tensor([2, 2], expected)) < 1e-5)
  }

  @Test("validation has the loss without label smoothing, and errors where another code is more probable")
  func validation() throws {
    let tokenLoss = try loss("{ use: cross-entropy, label-smoothing: 0.3 }", of: codes, from: 5)
    try parameter(tokenLoss, "head.weight").replace(Tensor([5, 5], (0..<25).map { $0 % 6 == 0 ? 1 : 0 }))
    let logits = Tensor([1, 4, 5], [0, 1, 2, 1, 0, 0, 1, 2, 1, 0, 3, 3, 1, 0, 0, 3, 3, 1, 0, 0])
    var random = Random(seed: 1)
    let values = tokenLoss.validation(
      logits, Tokens(values: Tensor(zeros: [1, 4, 3]), codes: [[2, 1, 0, 1]]),
      at: PredictedPositions(alone: [[0, 0, 0, 0]]), &random)
    #expect(tokenLoss.validationNames == ["loss", "token-error"] && values.count == 2)
    #expect(values[1].shape == [1, 4] && values[1].scalars == [0, 1, 0, 1])
    let logProbabilities = logits.softmax.logarithm.scalars
    let expected = [(0, 2), (1, 1), (2, 0), (3, 1)].map { -logProbabilities[$0 * 5 + $1] }
    #expect(values[0].distance(to: Tensor([1, 4], expected)) < 1e-5)
  }

  @Test("gradients are those of differences, for hidden features and for the head")
  func gradients() throws {
    let tokenLoss = try loss("{ use: cross-entropy, label-smoothing: 0.2, initial-deviation: 0.5 }", of: codes)
    var random = Random(seed: 5, samples: [0, 1])
    let hidden = random.normal([2, 2, 6], "hidden")
    func losses(_ hidden: Tensor) -> Tensor {
      var random = random
      return tokenLoss(
        hidden, Tokens(values: Tensor(zeros: [2, 2, 3]), codes: [[4, 0], [2, 2]]), levels: [[0, 0], [0, 0]], &random)
    }
    #expect(gradientsDisagree(of: [hidden]) { losses($0[0]) } == nil)
    #expect(parameterGradientsDisagree(tokenLoss) { losses(hidden) } == nil)
  }

  @Test("settings of the head change the head")
  func head() throws {
    #expect(try loss("{ use: cross-entropy, bias: false }", of: codes).parameters.map(\.path) == ["head.weight"])
    let zero = try loss("{ use: cross-entropy, initial-deviation: 0 }", of: codes)
    #expect(try parameter(zero, "head.weight").value.scalars.allSatisfy { $0 == 0 })
    let large = try loss("{ use: cross-entropy, initial-deviation: 0.5 }", of: codes, from: 400)
    #expect(abs(try parameter(large, "head.weight").value.squared.mean.scalar - 0.25) < 0.03)
  }

  @Test("guidance combines logits, and confidence is the log-probability under the combination at any temperature")
  func guidance() throws {
    var random = Random(seed: 8, samples: [0, 1])
    let c = random.normal([2, 3, 6], "c"), u = random.normal([2, 3, 6], "u")
    let tokenLoss = try loss("{ use: cross-entropy, initial-deviation: 0.5, top-k: 2 }", of: codes)
    let head = try (parameter(tokenLoss, "head.weight").value, parameter(tokenLoss, "head.bias").value)
    let (a, b) = (c.linear(head.0, head.1), u.linear(head.0, head.1))
    let draw = tokenLoss.sample(
      Guided(conditional: c, unconditional: u, scale: 2.5, temperature: 0.3), levels: [[0, 0, 0], [0, 0, 0]],
      at: Moment(), &random)
    let logProbabilities = (b + (a - b) * 2.5).softmax.logarithm.scalars, confidence = try #require(draw.confidence)
    let flat = draw.codes.flatMap { $0 }
    #expect(flat.count == 6 && confidence.shape == [2, 3] && tokenLoss.givesConfidence)
    for row in flat.indices { #expect(abs(confidence.scalars[row] - logProbabilities[row * 5 + flat[row]]) < 1e-4) }
  }

  @Test("a sample's codes do not depend on the batch", arguments: ["inverse-cdf", "gumbel"])
  func batches(_ draw: String) throws {
    let tokenLoss = try loss("{ use: cross-entropy, initial-deviation: 1, draw: \(draw) }", of: codes)
    var random = Random(seed: 8, samples: [0, 1, 2])
    let hidden = random.normal([3, 7, 6], "hidden")
    let together = tokenLoss.sample(
      Guided(conditional: hidden), levels: Array(repeating: Array(repeating: 0, count: 7), count: 3), at: Moment(),
      &random)
    for sample in 0..<3 {
      var single = Random(seed: 8, samples: [sample])
      let alone = tokenLoss.sample(
        Guided(conditional: hidden.sliced(sample..<sample + 1, axis: 0)),
        levels: [Array(repeating: 0, count: 7)], at: Moment(), &single)
      #expect(alone.codes[0] == together.codes[sample])
    }
    #expect(Set(together.codes).count > 1)
  }

  @Test("at temperature 0 and with top-k 1 the most probable code is drawn, without random numbers")
  func greedy() throws {
    var random = Random(seed: 8, samples: [0])
    let hidden = random.normal([1, 9, 6], "hidden")
    for (more, temperature) in [("top-k: 1", 1), ("top-k: 0", 0)] as [(String, Float)] {
      let tokenLoss = try loss("{ use: cross-entropy, initial-deviation: 1, \(more) }", of: codes)
      let logits = hidden.linear(
        try parameter(tokenLoss, "head.weight").value, try parameter(tokenLoss, "head.bias").value
      ).scalars
      var none = Random(replaying: [:], samples: [0])
      let draw = tokenLoss.sample(
        Guided(conditional: hidden, temperature: temperature), levels: [Array(repeating: 0, count: 9)], at: Moment(),
        &none)
      for row in 0..<9 { #expect(logits[row * 5..<(row + 1) * 5].max() == logits[row * 5 + draw.codes[0][row]]) }
    }
  }

  @Test("continuous tokens are refused in one sentence, as are settings that cannot be")
  func refusals() {
    #expect(
      message { try loss("use: cross-entropy", of: TokenSpace(width: 3)) }.hasPrefix(
        "test:1:1: loss 'cross-entropy' needs a tokenizer with a vocabulary; the one chosen has continuous tokens. "
          + "Use a tokenizer with codes, or a loss over values."))
    #expect(
      message { try loss("{ use: cross-entropy, label-smoothing: 1 }", of: codes) }.contains(
        "'label-smoothing' must be from 0 to 0.99, not 1."))
    #expect(message { try loss("{ use: cross-entropy, top-p: 0 }", of: codes) }.contains("'top-p' must be from 0.001"))
  }
}
