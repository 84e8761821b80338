import Autoregression
import Glibc
import Networks
import Settings
import Tensors

/// Finite scalar quantization: each channel of a token is rounded to one of a few levels, so that the codebook is a
/// fixed grid (FSQ; Mentzer et al. 2023, arXiv 2309.15505).
package struct FiniteScalars: LearnedQuantizer {
  /// Number of levels of each channel.
  package let levels: [Int]

  /// Channels of a token.
  package var width: Int { levels.count }
  /// The quantizer to the grid of levels.
  package var view: any Quantizer { LatticeQuantizer(levels: levels) }

  init(_ settings: inout Settings) throws(SettingsError) {
    levels = try settings[
      "levels", default: [8, 5, 5, 5], about: "levels of each channel of a token; their product is the vocabulary (FSQ)"
    ]
    guard !levels.isEmpty, levels.allSatisfy({ $0 >= 2 }) else {
      throw settings.refusal("'levels' must name at least one number, each 2 or more.", at: "levels")
    }
    let size = levels.reduce(1.0) { $0 * Double($1) }
    guard size <= Double(largestVocabulary) else {
      throw settings.refusal(
        "\(levels.yaml) levels make a vocabulary of \(size.yaml) codes, \(largestVocabulary) is the most; use "
          + "fewer or smaller 'levels'.",
        at: "levels")
    }
  }

  /// The paper's bound: a tanh that reaches just beyond the outer levels, shifted by half a step where their number is
  /// even. In units of half the number of levels, so within [-1, 1].
  package func bounded(_ z: Tensor) -> Tensor {
    let halves = levels.map { Float($0 - 1) * (1 - 1e-3) / 2 }, offsets = levels.map { $0 % 2 == 0 ? Float(0.5) : 0 }
    func row(_ numbers: [Float]) -> Tensor { Tensor([width], numbers) }
    let shift = row(zip(offsets, halves).map { tanf($0 / $1) })
    let bounded = (z + shift).activated(.tanh) * row(halves) - row(offsets)
    return bounded * row(levels.map { 1 / Float($0 / 2) })
  }

  /// Quantizes rows [rows, width] with straight-through gradients.
  package func quantized(_ rows: Tensor, samples: Int, _ random: inout Random) -> Quantized {
    let tokens = view.tokens(nearest: rows.detached.reshaped([1] + rows.shape)), codes = tokens.codes?[0] ?? []
    return Quantized(
      values: rows.straightThrough(tokens.values.reshaped(rows.shape)), codes: codes, loss: nil,
      parts: CodebookUsage(codes, of: levels.reduce(1, *)).parts)
  }
}

/// The largest number of codes of a vocabulary.
let largestVocabulary = 1_048_576

/// The quantizer to a grid: channel i of a token is a multiple of 1 / (levels[i] / 2), and the code is the mixed-radix
/// number of the steps, the first channel fastest.
struct LatticeQuantizer: Quantizer {
  let levels: [Int]

  var space: TokenSpace { TokenSpace(width: levels.count, vocabulary: levels.reduce(1, *)) }

  func tokens(nearest values: Tensor) -> Tokens {
    let width = levels.count, rows = values.shape[1], scalars = values.scalars
    return tokens(
      coded: (0..<values.shape[0]).map { sample in
        (0..<rows).map { row in
          var code = 0, base = 1
          for (i, count) in levels.enumerated() {
            let half = count / 2, value = scalars[(sample * rows + row) * width + i] * Float(half)
            // NaN becomes the middle level.
            let step = value.isNaN ? 0 : Int(min(Float(count), max(-Float(count), value.rounded(.toNearestOrEven))))
            code += base * (min(count - 1 - half, max(-half, step)) + half)
            base *= count
          }
          return code
        }
      })
  }

  func tokens(coded codes: Indices) -> Tokens {
    var values: [Float] = []
    for code in codes.joined() {
      var rest = code
      for count in levels {
        values.append(Float(rest % count - count / 2) / Float(count / 2))
        rest /= count
      }
    }
    return Tokens(values: Tensor([codes.count, codes.first?.count ?? 0, levels.count], values), codes: codes)
  }
}
