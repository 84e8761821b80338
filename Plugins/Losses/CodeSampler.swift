import Glibc

/// How one code is drawn from logits: temperature, then the likeliest `topK`, then the likeliest that make up `topP`.
///
/// The order and the edges are those of LlamaGen (Sun et al. 2024, arXiv 2406.06525) and VAR (Tian et al. 2024,
/// arXiv 2404.02905): codes as likely as the last of the `topK` stay, and so does the code at which the sum of shares
/// passes `topP`.
public struct CodeSampler: Sendable {
  /// Logits are divided by it; 0: the likeliest code.
  public var temperature: Float
  /// 0: all.
  public var topK: Int
  /// 1: all.
  public var topP: Float

  public init(temperature: Float = 1, topK: Int = 0, topP: Float = 1) {
    self.temperature = temperature
    self.topK = topK
    self.topP = topP
  }

  /// Whether chance has no part in it.
  public var isGreedy: Bool { temperature <= 0 || topK == 1 }

  /// The chance of each code, adding up to one.
  public func shares(of logits: [Float]) -> [Float] {
    guard !isGreedy else {
      let best = Self.largest(logits)
      return logits.indices.map { $0 == best ? 1 : 0 }
    }
    let weights = weights(of: logits), total = weights.reduce(0, +)
    return weights.map { Float($0 / total) }
  }

  /// The code that one number in [0, 1) stands for: that in whose stretch it falls when shares are laid end to end.
  public func code(_ logits: [Float], at number: Float) -> Int {
    guard !isGreedy else { return Self.largest(logits) }
    let weights = weights(of: logits), target = Double(number) * weights.reduce(0, +)
    var sum = 0.0, last = 0
    for (code, weight) in weights.enumerated() where weight > 0 {
      sum += weight
      last = code
      if sum > target { break }
    }
    return last
  }

  /// The same where nothing is cut, from chances that are made already: they need not add up to one.
  package static func code(shares: UnsafeBufferPointer<Float>, at number: Float) -> Int {
    var total = 0.0
    for share in shares { total += Double(share) }
    let target = Double(number) * total
    var sum = 0.0, last = 0
    for (code, share) in shares.enumerated() where share > 0 {
      sum += Double(share)
      last = code
      if sum > target { break }
    }
    return last
  }

  /// Whether any code is kept from being drawn.
  var cuts: Bool { topK > 0 || topP < 1 }

  /// The code whose logit is largest once noise of the Gumbel distribution is added (Maddison et al. 2014,
  /// arXiv 1411.0030): the same chances, one number in [0, 1) a code.
  public func code(_ logits: [Float], disturbedBy numbers: [Float]) -> Int {
    guard !isGreedy else { return Self.largest(logits) }
    let weights = weights(of: logits)
    return Self.largest(
      weights.indices.map { code in
        // Half a step of the numbers' grid keeps the logarithms finite.
        weights[code] > 0 ? log(weights[code]) - log(-log(Double(numbers[code]) + 0x1p-25)) : -.infinity
      })
  }

  /// Numbers in proportion to the chances, 0 for what is cut.
  private func weights(of logits: [Float]) -> [Double] {
    let largest = logits.max() ?? 0
    var weights = logits.map { exp(Double(($0 - largest) / temperature)) }
    if topK > 0 && topK < logits.count {
      let least = Self.largest(number: topK, of: logits)
      for code in logits.indices where logits[code] < least { weights[code] = 0 }
    }
    if topP < 1 {
      let total = weights.reduce(0, +), limit = Double(topP) * total
      // Codes below this add up to less than what is cut: they go without being sorted.
      let faint = (total - limit) / Double(weights.count)
      var sum = 0.0
      for code in weights.indices where weights[code] < faint { weights[code] = 0 }
      for code in weights.indices.filter({ weights[$0] > 0 }).sorted(by: { weights[$0] > weights[$1] }) {
        let isCut = sum > limit
        sum += weights[code]
        if isCut { weights[code] = 0 }
      }
    }
    return weights
  }

  /// The k-th largest number, found without sorting the others (Hoare 1961, "Find").
  private static func largest(number k: Int, of numbers: [Float]) -> Float {
    var numbers = numbers, low = 0, high = numbers.count - 1
    while low < high {
      let pivot = numbers[(low + high) / 2]
      var i = low, j = high
      while i <= j {
        while numbers[i] > pivot { i += 1 }
        while numbers[j] < pivot { j -= 1 }
        guard i <= j else { break }
        numbers.swapAt(i, j)
        (i, j) = (i + 1, j - 1)
      }
      if k - 1 <= j {
        high = j
      } else if k - 1 >= i {
        low = i
      } else {
        break
      }
    }
    return numbers[k - 1]
  }

  /// The first of the largest.
  private static func largest(_ numbers: [some Comparable]) -> Int {
    numbers.indices.reduce(0) { numbers[$1] > numbers[$0] ? $1 : $0 }
  }
}
