import Glibc
import Networks
import Tensors
import Testing

@Suite struct AttentionTests {
  private func layer(_ change: (inout Attention.Design) -> Void) -> Attention {
    var design = Attention.Design(heads: 2), random = Random(seed: 5)
    change(&design)
    return Attention(8, design, weight: .normal(standardDeviation: 0.5), output: .glorot, &random)
  }

  private var x: Tensor {
    var random = Random(seed: 6, samples: [0, 1])
    return random.normal([2, 4, 8], "x")
  }

  /// Attention by its definition, head by head, in double precision.
  private func slow(_ layer: Attention, visible: [Int]) -> Tensor {
    let qkv = layer.qkv(x).scalars.map(Double.init)
    var sums = [Float](repeating: 0, count: 64)
    for (sample, head, query) in (0..<2).flatMap({ s in (0..<2).flatMap { h in (0..<4).map { (s, h, $0) } } }) {
      func row(_ position: Int, _ part: Int) -> [Double] {
        let start = (sample * 4 + position) * 24 + part * 8 + head * 4, row = Array(qkv[start..<start + 4])
        guard layer.design.norm == .l2, part < 2 else { return row }
        let length = row.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let scale = part == 0 ? min(100, exp(Double(layer.logitScale?.value.scalars[head] ?? 0))) * 2 : 1
        return row.map { $0 / length * scale }
      }
      let q = row(query, 0)
      let logits = (0..<visible[query]).map { key in
        zip(q, row(key, 1)).reduce(0) { $0 + $1.0 * $1.1 } / 2 * Double(layer.design.scale)
      }
      let exponentials = logits.map { exp($0 - (logits.max() ?? 0)) }, total = exponentials.reduce(0, +)
      for (key, exponential) in exponentials.enumerated() {
        for (channel, value) in row(key, 2).enumerated() {
          sums[(sample * 4 + query) * 8 + head * 4 + channel] += Float(exponential / total * value)
        }
      }
    }
    return layer.output(Tensor([2, 4, 8], sums))
  }

  @Test(
    "attention is the softmax of scaled products, weighting values",
    arguments: [[1, 2, 3, 4], [4, 4, 4, 4], [2, 2, 4, 4]])
  func definition(_ visible: [Int]) {
    var none: Random?
    for layer in [layer { _ in }, layer { $0.scale = 0.25 }, layer { $0.norm = .l2 }] {
      #expect(layer(x, AttentionInputs(visible: visible), &none).distance(to: slow(layer, visible: visible)) < 1e-4)
    }
  }

  @Test("the factor of unit queries is 4 at first, learned per head, and at most 100")
  func logitScale() throws {
    var none: Random?
    let layer = layer { $0.norm = .l2 }, parameter = try #require(layer.logitScale), inputs = AttentionInputs()
    #expect(parameter.value.scalars.allSatisfy { abs($0 - logf(4)) < 1e-6 } && parameter.role == .gain)
    let first = layer(x, inputs, &none)
    parameter.replace(Tensor([2], [logf(100), logf(100)]))
    let capped = layer(x, inputs, &none)
    parameter.replace(Tensor([2], [20, 30]))
    #expect(layer(x, inputs, &none).distance(to: capped) < 1e-5 && capped.distance(to: first) > 1e-3)
  }

  @Test("a bias of all keys changes nothing, those of queries and values do")
  func biases() throws {
    var none: Random?
    let layer = layer { $0.bias = .all }, bias = try #require(layer.qkv.bias),
      before = layer(x, AttentionInputs(), &none)
    for (part, isSeen) in [(0, true), (1, false), (2, true)] {
      bias.replace(Tensor([24], (0..<24).map { $0 / 8 == part ? Float($0 % 5) : 0 }))
      let distance = layer(x, AttentionInputs(), &none).distance(to: before)
      #expect(isSeen ? distance > 1e-3 : distance < 1e-5)
    }
  }

  @Test("biases of queries and values are those of a projection whose keys have none")
  func queryValueBias() throws {
    var none: Random?
    let parts = layer { $0.bias = .queriesAndValues }, whole = layer { $0.bias = .all }
    let query = (0..<8).map { Float($0) / 4 }, value = (0..<8).map { 1 - Float($0) / 3 }
    try #require(parts.queryBias).replace(Tensor([8], query))
    try #require(parts.valueBias).replace(Tensor([8], value))
    try #require(whole.qkv.bias).replace(Tensor([24], query + Array(repeating: 0, count: 8) + value))
    #expect(
      parts(x, AttentionInputs(), &none).distance(to: whole(x, AttentionInputs(), &none)) < 1e-5)
  }

  @Test("dropped probabilities leave the mean output as it is")
  func dropout() {
    let layer = layer { $0.dropout = 0.5 }
    var none: Random?, sum = Tensor(zeros: [2, 4, 8])
    for seed in 0..<400 {
      var random: Random? = Random(seed: UInt64(seed), samples: [0, 1])
      sum = sum + layer(x, AttentionInputs(visible: [1, 2, 3, 4]), &random)
    }
    let mean = sum * (1 / 400), evaluated = layer(x, AttentionInputs(visible: [1, 2, 3, 4]), &none)
    // The standard error of 400 draws is about a twentieth of the output's spread.
    #expect(mean.distance(to: evaluated) < 0.5 * (evaluated.scalars.map(abs).max() ?? 0))
  }

  @Test("a cache set back to fewer rows forgets the later ones")
  func rewound() {
    var none: Random?
    let layer = layer { _ in }, cache = AttentionCache()
    func step(_ position: Int, of x: Tensor) -> Tensor {
      layer(x.sliced(position..<position + 1, axis: 1), AttentionInputs(cache: cache.layer(0, count: position)), &none)
    }
    let first = (0..<4).map { step($0, of: x) }
    _ = step(1, of: x * 2)
    let again = (1..<4).map { step($0, of: x) }
    for (a, b) in zip(first[1...], again) { #expect(a.distance(to: b) == 0) }
  }
}
