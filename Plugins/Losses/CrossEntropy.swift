import Autoregression
import Networks
import Settings
import Tensors

/// A categorical distribution over the vocabulary: a linear head and softmax.
///
/// Guidance combines logits, u + s (c - u). The head is linear, so its inputs are combined instead, at half the cost.
struct CrossEntropy: TokenLoss {
  static let key = "cross-entropy"
  static let about = About(
    "A probability for every code of the tokenizer's vocabulary.",
    source: "Esser et al. 2021 (VQGAN), arXiv 2012.09841", example: "label-smoothing: 0.1")

  static let checkpointMappings = [
    CheckpointMapping("VAR", prefixes: ["head."], []),
    CheckpointMapping("LlamaGen", prefixes: ["output."], [("output.", "head.")]),
  ]

  /// The map from random numbers to codes. The distribution is the same.
  enum DrawMethod: String, Setting, CaseIterable {
    /// One number for each token, looked up in the cumulative probabilities.
    case inverseCDF = "inverse-cdf"
    /// One number for each code, as MaskGIT draws (Chang et al. 2022, arXiv 2202.04200).
    case gumbel

    static let renamedChoices = ["sum": "inverse-cdf"]
  }

  /// Logits from hidden features: [vocabulary, hidden].
  private(set) var head: Linear
  /// Number of codes.
  let vocabulary: Int
  /// Probability of the target that is distributed over all codes, in [0, 1).
  let labelSmoothing: Float
  /// Codes that can be drawn; 0: all.
  let topK: Int
  /// Cumulative probability of the codes that can be drawn.
  let topP: Float
  let drawMethod: DrawMethod

  init(_ settings: inout Settings, of space: TokenSpace, from hidden: Int, levels: Int, _ random: inout Random)
    throws(SettingsError)
  {
    guard let vocabulary = space.vocabulary else {
      throw settings.refusal(
        "loss 'cross-entropy' needs a tokenizer with a vocabulary; the one chosen has continuous tokens. Use a "
          + "tokenizer with codes, or a loss over values.",
        at: "use")
    }
    self.vocabulary = vocabulary
    labelSmoothing = try settings[
      "label-smoothing", default: 0, in: 0...0.99,
      about: "probability of the target that is distributed over all codes"]
    let hasBias: Bool = try settings["bias", default: true, about: "a learned bias of the logits"]
    let deviation: Float = try settings[
      "initial-deviation", default: 0.02, in: 0...1,
      about: "standard deviation of the initial weights; 0: all codes equally probable"]
    var sampled = settings.generationOnly
    topK = try sampled[
      "top-k", default: 0, in: 0...10_000_000, about: "draw from this many most probable codes; 0: from all"]
    topP = try sampled[
      "top-p", default: 1, in: 0.001...1,
      about: "draw from the most probable codes with this cumulative probability (nucleus sampling)"]
    drawMethod = try sampled[
      "draw", default: .inverseCDF,
      about: "draw by inverse transform sampling or by Gumbel noise (MaskGIT); the distribution is the same"]
    head = Linear(
      from: hidden, to: vocabulary, hasBias: hasBias,
      weight: deviation == 0 ? .zeros : .normal(standardDeviation: deviation), &random)
  }

  mutating func tie(to table: Parameter) -> Bool {
    guard table.value.shape == head.weight.value.shape else { return false }
    head = Linear(sharing: table, hasBias: head.bias != nil)
    return true
  }

  /// Nats of each token, [batch, tokens], from hidden features [batch, tokens, hidden].
  func callAsFunction(_ hidden: Tensor, _ targets: Tokens, levels: Indices, _ random: inout Random) -> Tensor {
    guard let codes = targets.codes else { preconditionFailure("tokens of \(vocabulary) codes came without codes") }
    let batch = hidden.shape[0], tokens = hidden.shape[1]
    return head(hidden.reshaped([batch * tokens, hidden.shape[2]]))
      .crossEntropy(codes.flatMap { $0 }, smoothing: labelSmoothing).reshaped([batch, tokens])
  }

  var givesConfidence: Bool { true }

  /// Codes, and as confidence the log-probability of each at temperature 1, guided, without top-k and top-p.
  func sample(_ hidden: Guided, levels: Indices, at moment: Moment, _ random: inout Random) -> Draw {
    let batch = hidden.conditional.shape[0], tokens = hidden.conditional.shape[1], rows = batch * tokens
    let all = head(hidden.mixed).reshaped([rows, vocabulary]), width = vocabulary
    let sampler = CodeSampler(temperature: hidden.temperature, topK: topK, topP: topP)
    let numbersPerToken = drawMethod == .gumbel ? width : 1
    let numbers = sampler.isGreedy ? [] : random.uniform([batch, tokens * numbersPerToken], "code").scalars
    // One softmax over all rows; with top-k or top-p each row is computed from its logits.
    let isPlain = !sampler.isGreedy && !sampler.isTruncated && drawMethod == .inverseCDF
    let probabilities = isPlain ? (all * (1 / hidden.temperature)).softmax.scalars : []
    let logits = all.scalars, logSums = all.logSumExp.scalars
    var codes = [Int](repeating: 0, count: rows)
    codes.withUnsafeMutableBufferPointer { codes in
      probabilities.withUnsafeBufferPointer { probabilities in
        ThreadPool.shared.split(rows, grain: max(1, 10_000 / width)) { range in
          for row in range {
            let columns = row * width..<(row + 1) * width
            guard !isPlain else {
              codes[row] = CodeSampler.code(
                probabilities: UnsafeBufferPointer(rebasing: probabilities[columns]), at: numbers[row])
              continue
            }
            codes[row] =
              sampler.isGreedy || drawMethod == .inverseCDF
              ? sampler.code(from: Array(logits[columns]), at: sampler.isGreedy ? 0 : numbers[row])
              : sampler.code(from: Array(logits[columns]), perturbedBy: Array(numbers[columns]))
          }
        }
      }
    }
    let confidence = codes.indices.map { logits[$0 * width + codes[$0]] - logSums[$0] }
    return Draw(
      .codes((0..<batch).map { Array(codes[$0 * tokens..<($0 + 1) * tokens]) }),
      confidence: Tensor([batch, tokens], confidence))
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(CrossEntropy.self) }
