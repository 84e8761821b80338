import Glibc

/// Sampling of one code from logits: temperature, then top-k, then top-p (nucleus; Holtzman et al. 2019,
/// arXiv 1904.09751).
///
/// Order and ties are those of LlamaGen (Sun et al. 2024, arXiv 2406.06525) and VAR (Tian et al. 2024,
/// arXiv 2404.02905): codes as probable as the last of the top k stay, and so does the code at which the cumulative
/// probability passes p.
public struct CodeSampler: Sendable {
  /// Divisor of the logits; 0: the most probable code.
  public var temperature: Float
  /// Number of most probable codes that can be drawn; 0: all.
  public var topK: Int
  /// Cumulative probability of the codes that can be drawn, in (0, 1]; 1: all.
  public var topP: Float

  /// A sampler; by default of the plain softmax.
  public init(temperature: Float = 1, topK: Int = 0, topP: Float = 1) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
  }

  /// The result does not depend on random numbers.
  public var isGreedy: Bool { temperature <= 0 || topK == 1 }

  /// Some codes have probability 0, whatever the logits.
  var isTruncated: Bool { topK > 0 || topP < 1 }

  /// The probability of each code, [codes], with sum 1.
  public func probabilities(of logits: [Float]) -> [Float] {
    guard !isGreedy else {
      let best = Self.argmax(logits)
      return logits.indices.map { $0 == best ? 1 : 0 }
    }
    let weights = weights(of: logits), total = weights.reduce(0, +)
    return weights.map { Float($0 / total) }
  }

  /// The code at which the cumulative probability passes `number` in [0, 1): inverse transform sampling.
  public func code(from logits: [Float], at number: Float) -> Int {
    guard !isGreedy else { return Self.argmax(logits) }
    let weights = weights(of: logits), target = Double(number) * weights.reduce(0, +)
    var sum = 0.0, last = 0
    for (code, weight) in weights.enumerated() where weight > 0 {
      sum += weight
      last = code
      if sum > target { break }
    }
    return last
  }

  /// Inverse transform sampling from probabilities [codes] that are computed already; their sum need not be 1.
  package static func code(probabilities: UnsafeBufferPointer<Float>, at number: Float) -> Int {
    var total = 0.0
    for probability in probabilities { total += Double(probability) }
    let target = Double(number) * total
    var sum = 0.0, last = 0
    for (code, probability) in probabilities.enumerated() where probability > 0 {
      sum += Double(probability)
      last = code
      if sum > target { break }
    }
    return last
  }

  /// The code of the largest logit after Gumbel noise is added (Maddison et al. 2014, arXiv 1411.0030): the same
  /// distribution from one number in [0, 1) for each code, `numbers` [codes].
  public func code(from logits: [Float], perturbedBy numbers: [Float]) -> Int {
    guard !isGreedy else { return Self.argmax(logits) }
    let weights = weights(of: logits)
    return Self.argmax(
      weights.indices.map { code in
        // Half a step of the grid of random numbers keeps both logarithms finite.
        weights[code] > 0 ? log(weights[code]) - log(-log(Double(numbers[code]) + 0x1p-25)) : -.infinity
      })
  }

  /// Unnormalized probabilities [codes], 0 for codes outside top-k and top-p.
  private func weights(of logits: [Float]) -> [Double] {
    let largest = logits.max() ?? 0
    var weights = logits.map { exp(Double(($0 - largest) / temperature)) }
    if topK > 0 && topK < logits.count {
      let least = Self.largest(number: topK, of: logits)
      for code in logits.indices where logits[code] < least { weights[code] = 0 }
    }
    if topP < 1 {
      let total = weights.reduce(0, +), limit = Double(topP) * total
      // Codes below this weight add up to less than the tail that is cut: they need no sorting.
      let negligible = (total - limit) / Double(weights.count)
      var sum = 0.0
      for code in weights.indices where weights[code] < negligible { weights[code] = 0 }
      for code in weights.indices.filter({ weights[$0] > 0 }).sorted(by: { weights[$0] > weights[$1] }) {
        let isCut = sum > limit
        sum += weights[code]
        if isCut { weights[code] = 0 }
      }
    }
    return weights
  }

  /// The k-th largest number by quickselect, without sorting the others (Hoare 1961, "Find").
  private static func largest(number k: Int, of numbers: [Float]) -> Float {
    var numbers = numbers, lower = 0, upper = numbers.count - 1
    while lower < upper {
      let pivot = numbers[(lower + upper) / 2]
      var i = lower, j = upper
      while i <= j {
        while numbers[i] > pivot { i += 1 }
        while numbers[j] < pivot { j -= 1 }
        guard i <= j else { break }
        numbers.swapAt(i, j)
        (i, j) = (i + 1, j - 1)
      }
      if k - 1 <= j {
        upper = j
      } else if k - 1 >= i {
        lower = i
      } else {
        break
      }
    }
    return numbers[k - 1]
  }

  /// The index of the largest number, the first of equals.
  private static func argmax(_ numbers: [some Comparable]) -> Int {
    numbers.indices.reduce(0) { numbers[$1] > numbers[$0] ? $1 : $0 }
  }
}
