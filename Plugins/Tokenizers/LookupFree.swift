import Autoregression
import Networks
import Settings
import Tensors

/// Each number of a token is its sign: 2^bits codes without a table (lookup-free quantization; Yu et al. 2023,
/// MAGVIT-v2, arXiv 2310.05737).
package struct LookupFree: LearnedQuantizer {
  package let bits: Int
  let commitment: Float
  let entropyWeight: Float
  let temperature: Float
  /// Bits whose joint distribution the entropy of the batch is taken over.
  let group: Int

  package var width: Int { bits }
  package var view: any Quantizer { SignQuantizer(bits: bits) }

  init(_ settings: inout Settings) throws(SettingsError) {
    bits = try settings["bits", default: 10, in: 1...64, about: "numbers of a token; the vocabulary is 2 to that power"]
    guard bits <= largestVocabulary.trailingZeroBitCount else {
      throw settings.refusal(
        "\(bits) bits make a vocabulary of 2^\(bits) codes, \(largestVocabulary) is the most; use at most \(largestVocabulary.trailingZeroBitCount) 'bits'.",
        at: "bits")
    }
    commitment = try settings[
      "commitment", default: 0.25, in: 0...100, about: "weight of the term that keeps the encoder near its codes"]
    entropyWeight = try settings[
      "entropy", default: 0.1, in: 0...100, about: "weight of the entropy term, which spreads the use of codes"]
    temperature = try settings[
      "entropy-temperature", default: 0.01, in: 1e-6...1000, about: "of the shares in the entropy term"]
    group = try settings[
      "entropy-bits", default: min(bits, 8), in: 1...12,
      about: "bits whose joint use is spread; more bits are taken in groups of so many"]
  }

  package func quantized(_ rows: Tensor, samples: Int, _ random: inout Random) -> Quantized {
    let tokens = view.tokens(nearest: rows.detached.reshaped([1] + rows.shape)), codes = tokens.codes?[0] ?? []
    let near = tokens.values.reshaped(rows.shape), pull = (near - rows).squared.mean * commitment
    var loss = pull, parts: [(name: String, value: Float)] = [("commitment", pull.scalar)]
    if entropyWeight > 0 {
      let entropy = entropy(rows) * entropyWeight
      loss = loss + entropy
      parts.append(("entropy", entropy.scalar))
    }
    return Quantized(
      values: rows + (near - rows).detached, codes: codes, loss: loss,
      parts: parts + CodeUse(codes, of: 1 << bits).parts)
  }

  /// The codebook's entropy term with the corners of a cube for codes. How unsure a row is adds up over its bits; how
  /// unsure the batch is does so only between groups.
  package func entropy(_ rows: Tensor) -> Tensor {
    var total: Tensor?
    for start in stride(from: 0, to: bits, by: group) {
      let part = rows.sliced(start..<min(bits, start + group), axis: 1), count = part.shape[1]
      let corners = SignQuantizer(bits: count).tokens(coded: [Array(0..<1 << count)]).values.reshaped([
        1 << count, count,
      ])
      let entropy = Codebook.entropy(part, corners, temperature)
      total = total.map { $0 + entropy } ?? entropy
    }
    return total ?? Tensor(0)
  }
}

/// Tokens of -1 and 1; bit i of the code says whether number i is above 0.
struct SignQuantizer: Quantizer {
  let bits: Int

  var space: TokenSpace { TokenSpace(width: bits, vocabulary: 1 << bits) }

  func tokens(nearest values: Tensor) -> Tokens {
    let rows = values.shape[1], scalars = values.scalars
    return tokens(
      coded: (0..<values.shape[0]).map { sample in
        (0..<rows).map { row in
          let start = (sample * rows + row) * bits
          return (0..<bits).reduce(0) { $0 | (scalars[start + $1] > 0 ? 1 << $1 : 0) }
        }
      })
  }

  func tokens(coded codes: Indices) -> Tokens {
    let values = codes.joined().flatMap { code in (0..<bits).map { code >> $0 & 1 == 1 ? Float(1) : -1 } }
    return Tokens(values: Tensor([codes.count, codes.first?.count ?? 0, bits], values), codes: codes)
  }
}
