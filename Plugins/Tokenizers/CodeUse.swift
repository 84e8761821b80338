import Glibc

/// How many of all codes a batch used, and how evenly.
package struct CodeUse: Sendable {
  /// Share of codes that occur, in [0, 1].
  package let usage: Float
  /// e to the entropy of how often codes occur: as many codes, evenly used, would say as much.
  package let perplexity: Float

  package init(_ codes: [Int], of vocabulary: Int) {
    var counts: [Int: Double] = [:]
    for code in codes { counts[code, default: 0] += 1 }
    usage = Float(counts.count) / Float(max(1, vocabulary))
    let total = Double(max(1, codes.count))
    // Sorted, so that the sum does not hang on the order of a dictionary.
    let entropy = counts.values.sorted().reduce(0.0) { $0 - $1 / total * log($1 / total) }
    perplexity = Float(exp(entropy))
  }

  package var parts: [(name: String, value: Float)] { [("usage", usage), ("perplexity", perplexity)] }
}
