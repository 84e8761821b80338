import Autoregression
import Networks
import Settings
import Tensors

/// Which code a token is, as a classifier would say: a linear layer and softmax.
///
/// Guidance mixes logits, u + s (c - u). The head is linear, so that what goes in is mixed instead, at half the cost.
struct CrossEntropy: TokenLoss {
  static let key = "cross-entropy"
  static let about = About(
    "A chance for every code of the tokenizer's vocabulary.",
    source: "Esser et al. 2021 (VQGAN), arXiv 2012.09841", example: "label-smoothing: 0.1")

  static let dialects = [
    Dialect("VAR", prefixes: ["head."], []),
    Dialect("LlamaGen", prefixes: ["output."], [("output.", "head.")]),
  ]

  enum Chance: String, Setting, CaseIterable {
    /// One random number a token, looked up in the sums of shares.
    case sum
    /// One random number a code, as MaskGIT draws: the same chances.
    case gumbel
  }

  let head: Linear
  let vocabulary: Int
  let labelSmoothing: Float
  let topK: Int
  let topP: Float
  let draw: Chance

  init(_ settings: inout Settings, of space: TokenSpace, from hidden: Int, levels: Int, _ random: inout Random)
    throws(SettingsError)
  {
    guard let vocabulary = space.vocabulary else {
      throw settings.refusal(
        "loss 'cross-entropy' needs a tokenizer with a vocabulary; the one chosen has continuous tokens. Use a tokenizer with codes, or a loss over values.",
        at: "use")
    }
    self.vocabulary = vocabulary
    labelSmoothing = try settings[
      "label-smoothing", default: 0, in: 0...0.99, about: "share of the target that is spread over all codes"]
    let hasBias: Bool = try settings["bias", default: true, about: "whether codes have a chance of their own"]
    let deviation: Float = try settings[
      "initial-deviation", default: 0.02, in: 0...1, about: "of the weights at the start; 0: all codes equal"]
    var sampled = settings.generationOnly
    topK = try sampled[
      "top-k", default: 0, in: 0...10_000_000, about: "draw from so many likeliest codes; 0: from all"]
    topP = try sampled[
      "top-p", default: 1, in: 0.001...1, about: "draw from the likeliest codes that make up this share"]
    draw = try sampled["draw", default: .sum, about: "how chance picks a code; the chances are the same"]
    head = Linear(
      from: hidden, to: vocabulary, hasBias: hasBias,
      weight: deviation == 0 ? .zeros : .normal(standardDeviation: deviation), &random)
  }

  func callAsFunction(_ hidden: Tensor, _ answers: Tokens, levels: Indices, _ random: inout Random) -> Tensor {
    guard let codes = answers.codes else { preconditionFailure("tokens of \(vocabulary) codes came without codes") }
    let batch = hidden.shape[0], asked = hidden.shape[1]
    return head(hidden.reshaped([batch * asked, hidden.shape[2]]))
      .crossEntropy(codes.flatMap { $0 }, smoothing: labelSmoothing).reshaped([batch, asked])
  }

  var givesConfidence: Bool { true }

  /// Codes, and as confidence the logarithm of each one's chance at temperature 1, guided, with nothing cut.
  func sample(_ hidden: Guided, levels: Indices, at moment: Moment, _ random: inout Random) -> Draw {
    let batch = hidden.conditional.shape[0], asked = hidden.conditional.shape[1], rows = batch * asked
    let all = head(hidden.mixed).reshaped([rows, vocabulary]), width = vocabulary
    let choice = CodeSampler(temperature: hidden.temperature, topK: topK, topP: topP)
    let each = draw == .gumbel ? width : 1
    let numbers = choice.isGreedy ? [] : random.uniform([batch, asked * each], "code").scalars
    // Chances of all rows in one go; where codes are cut, row by row from the logits.
    let isPlain = !choice.isGreedy && !choice.cuts && draw == .sum
    let chances = isPlain ? (all * (1 / hidden.temperature)).softmax.scalars : []
    let logits = all.scalars, sums = all.logSumExp.scalars
    var codes = [Int](repeating: 0, count: rows)
    codes.withUnsafeMutableBufferPointer { codes in
      chances.withUnsafeBufferPointer { chances in
        ThreadPool.shared.split(rows, grain: max(1, 10_000 / width)) { range in
          for row in range {
            let own = row * width..<(row + 1) * width
            guard !isPlain else {
              codes[row] = CodeSampler.code(shares: UnsafeBufferPointer(rebasing: chances[own]), at: numbers[row])
              continue
            }
            codes[row] =
              choice.isGreedy || draw == .sum
              ? choice.code(Array(logits[own]), at: choice.isGreedy ? 0 : numbers[row])
              : choice.code(Array(logits[own]), disturbedBy: Array(numbers[own]))
          }
        }
      }
    }
    let confidence = codes.indices.map { logits[$0 * width + codes[$0]] - sums[$0] }
    return Draw(
      .codes((0..<batch).map { Array(codes[$0 * asked..<($0 + 1) * asked]) }),
      confidence: Tensor([batch, asked], confidence))
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(CrossEntropy.self) }
