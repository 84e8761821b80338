import Autoregression
import Networks
import Settings
import Tensors

/// Lookup-free quantization: each channel of a token is its sign, which gives 2^bits codes without a table (LFQ; Yu et
/// al. 2023, MAGVIT-v2, arXiv 2310.05737).
package struct LookupFree: LearnedQuantizer {
  /// Channels of a token, one bit of the code each.
  package let bits: Int
  let commitment: Float
  let entropyWeight: Float
  let temperature: Float
  /// Number of bits whose joint distribution the entropy of the batch is computed over.
  let group: Int

  /// Channels of a token.
  package var width: Int { bits }
  /// The quantizer to signs.
  package var view: any Quantizer { SignQuantizer(bits: bits) }

  init(_ settings: inout Settings) throws(SettingsError) {
    bits = try settings[
      "bits", default: 10, in: 1...64, about: "channels of a token; the vocabulary has 2^bits codes (LFQ)"]
    guard bits <= largestVocabulary.trailingZeroBitCount else {
      throw settings.refusal(
        "\(bits) bits make a vocabulary of 2^\(bits) codes, \(largestVocabulary) is the most; use at most "
          + "\(largestVocabulary.trailingZeroBitCount) 'bits'.",
        at: "bits")
    }
    commitment = try settings[
      "commitment", default: 0.25, in: 0...100,
      about: "weight of the commitment loss, which keeps the encoder near its codes (beta)"]
    entropyWeight = try settings[
      "entropy", default: 0.1, in: 0...100, about: "weight of the entropy loss, which favours even use of the codes"]
    temperature = try settings[
      "entropy-temperature", default: 0.01, in: 1e-6...1000,
      about: "temperature of the probabilities in the entropy loss"]
    group = try settings[
      "entropy-bits", default: min(bits, 8), in: 1...12,
      about: "bits whose joint entropy is computed; more bits are split into groups of this size"]
  }

  /// Quantizes rows [rows, width] with straight-through gradients.
  package func quantized(_ rows: Tensor, samples: Int, _ random: inout Random) -> Quantized {
    let tokens = view.tokens(nearest: rows.detached.reshaped([1] + rows.shape)), codes = tokens.codes?[0] ?? []
    let nearest = tokens.values.reshaped(rows.shape), pull = (nearest - rows).squared.mean * commitment
    var loss = pull, parts: [(name: String, value: Float)] = [("commitment", pull.scalar)]
    if entropyWeight > 0 {
      let entropy = entropy(rows) * entropyWeight
      loss = loss + entropy
      parts.append(("entropy", entropy.scalar))
    }
    return Quantized(
      values: rows.straightThrough(nearest), codes: codes, loss: loss,
      parts: parts + CodebookUsage(codes, of: 1 << bits).parts)
  }

  /// The entropy loss of a codebook of the corners of a cube, rows [n, bits]. The entropy of a row is the sum over its
  /// bits; that of the batch is the sum over groups of bits.
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

/// The quantizer to -1 and 1; bit i of the code is 1 where channel i is above 0.
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
