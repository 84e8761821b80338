import Glibc

/// The usage of a vocabulary by a batch of codes.
package struct CodebookUsage: Sendable {
  /// Fraction of the vocabulary that occurs, in [0, 1].
  package let usage: Float
  /// Exponential of the entropy of the code frequencies: the number of codes that, used evenly, have the same entropy.
  package let perplexity: Float

  /// Usage of a vocabulary by codes [n].
  package init(_ codes: [Int], of vocabulary: Int) {
    var counts: [Int: Double] = [:]
    for code in codes { counts[code, default: 0] += 1 }
    usage = Float(counts.count) / Float(max(1, vocabulary))
    let total = Double(max(1, codes.count))
    // Sorted, so that the sum does not depend on the order of the dictionary.
    let entropy = counts.values.sorted().reduce(0.0) { $0 - $1 / total * log($1 / total) }
    perplexity = Float(exp(entropy))
  }

  /// Both numbers by name, for the log.
  package var parts: [(name: String, value: Float)] { [("usage", usage), ("perplexity", perplexity)] }
}
