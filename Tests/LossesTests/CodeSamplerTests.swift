import FixtureSupport
import Losses
import Tensors
import Testing

@Suite struct CodeSamplerTests {
  @Test("probabilities after top-k and top-p are those of the papers' code", arguments: ["gpt", "var"])
  func reference(_ name: String) throws {
    let file = try Fixture(name), logits = try file.tensor("inputs/filter/logits"), width = logits.shape.last ?? 1
    let cases = file.names("outputs/filter")
    #expect(!cases.isEmpty)
    for entry in cases {
      let parts = entry.split(separator: "_"), prefixes = ["topk", "topp"]
      try #require(parts.count == 2 && zip(parts, prefixes).allSatisfy { $0.hasPrefix($1) })
      let probability = try #require(Float(parts[1].dropFirst(4)))
      let choice = CodeSampler(topK: try #require(Int(parts[0].dropFirst(4))), topP: probability == 0 ? 1 : probability)
      let probabilities = stride(from: 0, to: logits.count, by: width).flatMap {
        choice.probabilities(of: Array(logits.scalars[$0..<$0 + width]))
      }
      #expect(try file.disagreement(Tensor(logits.shape, probabilities), "outputs/filter/\(entry)") == nil)
    }
  }

  /// Frequencies of the codes in `count` draws.
  private func counts(_ logits: [Float], _ count: Int, _ code: (Int) -> Int) -> [Double] {
    var counts = logits.map { _ in 0.0 }
    for i in 0..<count { counts[code(i)] += 1 }
    return counts
  }

  /// Pearson's sum over codes that can be drawn; infinite if another was.
  private func misfit(_ counts: [Double], _ probabilities: [Float]) -> Double {
    let total = counts.reduce(0, +)
    return zip(counts, probabilities).reduce(0) { sum, pair in
      let expected = Double(pair.1) * total
      if expected == 0 { return pair.0 == 0 ? sum : .infinity }
      return sum + (pair.0 - expected) * (pair.0 - expected) / expected
    }
  }

  @Test(
    "codes are as frequent as their probabilities, drawn either way", arguments: [1, 2, 3] as [UInt64],
    [
      CodeSampler(), CodeSampler(temperature: 0.5), CodeSampler(temperature: 2), CodeSampler(topK: 3),
      CodeSampler(topP: 0.7), CodeSampler(temperature: 0.7, topK: 5, topP: 0.8),
    ])
  func frequencies(_ seed: UInt64, _ choice: CodeSampler) {
    let logits: [Float] = [0.3, -1, 2, 1.5, -3, 0.9, 1.1, -0.2], count = 8000
    var random = Random(seed: seed)
    let numbers = random.uniform([1, count], "sum").scalars
    let many = random.uniform([1, count * logits.count], "gumbel").scalars
    let probabilities = choice.probabilities(of: logits)
    let summed = counts(logits, count) { choice.code(from: logits, at: numbers[$0]) }
    let disturbed = counts(logits, count) { row in
      let start = row * logits.count
      return choice.code(from: logits, perturbedBy: Array(many[start..<start + logits.count]))
    }
    // Chi-squared with at most 7 degrees of freedom: 30 is passed once in 10,000 tries.
    #expect(misfit(summed, probabilities) < 30)
    #expect(misfit(disturbed, probabilities) < 30)
  }

  @Test("probabilities of many rows at once give the codes that their logits give", arguments: [0.5, 1, 2] as [Float])
  func probabilities(_ temperature: Float) {
    var random = Random(seed: 4)
    let logits = random.normal([1, 1000], "logits") * 3, numbers = random.uniform([1, 500], "numbers").scalars
    let probabilities = (logits * (1 / temperature)).softmax.scalars, slow = CodeSampler(temperature: temperature)
    let picked = probabilities.withUnsafeBufferPointer { probabilities in
      numbers.map { CodeSampler.code(probabilities: probabilities, at: $0) }
    }
    #expect(zip(picked, numbers).count { $0 != slow.code(from: logits.scalars, at: $1) } <= 1)  // one on a border
    #expect(Set(picked).count > 5)
  }

  @Test("temperature, top-k and top-p have their effect on probabilities")
  func filters() {
    let probabilities: [Float] = [0.4, 0.3, 0.2, 0.1], logits = probabilities.map(logarithm)
    /// Compares probabilities, normalized, with `parts`.
    func close(_ choice: CodeSampler, _ parts: [Float]) -> Bool {
      let total = parts.reduce(0, +)
      return zip(choice.probabilities(of: logits), parts).allSatisfy { abs($0 - $1 / total) < 1e-6 }
    }
    #expect(close(CodeSampler(), [0.4, 0.3, 0.2, 0.1]))
    #expect(close(CodeSampler(topK: 2), [4, 3, 0, 0]))
    #expect(close(CodeSampler(topP: 0.5), [4, 3, 0, 0]))
    #expect(close(CodeSampler(topP: 0.001), [1, 0, 0, 0]))
    #expect(close(CodeSampler(temperature: 0.5), [16, 9, 4, 1]))
    // Top-p follows top-k: the cumulative probabilities are 0.4 / 0.9 and 0.7 / 0.9, which passes.
    #expect(close(CodeSampler(topK: 3, topP: 0.75), [4, 3, 0, 0]))
    #expect(close(CodeSampler(temperature: 0), [1, 0, 0, 0]) && close(CodeSampler(topK: 1), [1, 0, 0, 0]))
    #expect(CodeSampler(topK: 1).code(from: logits, at: 0.99) == 0)
    #expect(CodeSampler().code(from: logits, at: 0.99) == 3)
    #expect(CodeSampler(topK: 9).probabilities(of: logits) == CodeSampler().probabilities(of: logits))
    // What cannot be drawn is not drawn at the edge.
    #expect(CodeSampler().code(from: [0, 0, -1e9], at: 0.9999999) == 1)
  }

  @Test("top-k and top-p select the codes that sorting selects", arguments: [1, 2, 3] as [UInt64])
  func sorting(_ seed: UInt64) {
    var random = Random(seed: seed)
    // Rounded, so that many codes are equally likely.
    let logits = (random.normal([1, 500], "logits") * 2).scalars.map { ($0 * 10).rounded() / 10 }
    let sorted = logits.sorted(by: >), probabilities = CodeSampler().probabilities(of: logits)
    for k in [2, 3, 17, 250, 499] {
      let selected = CodeSampler(topK: k).probabilities(of: logits).map { $0 > 0 }
      #expect(selected == logits.map { $0 >= sorted[k - 1] })
    }
    for p in [0.1, 0.5, 0.9, 0.99] as [Float] {
      let cut = CodeSampler(topP: p).probabilities(of: logits), selected = cut.indices.filter { cut[$0] > 0 }
      let total = selected.reduce(0) { $0 + probabilities[$1] }, least = selected.map { probabilities[$0] }.min() ?? 0
      // The nucleus is large enough, without its least probable code too small, and holds the most probable codes.
      #expect(total > p - 1e-5 && total - least <= p + 1e-5)
      #expect(probabilities.indices.allSatisfy { selected.contains($0) || probabilities[$0] <= least })
    }
  }

  private func logarithm(_ x: Float) -> Float { Tensor(x).logarithm.scalar }
}
