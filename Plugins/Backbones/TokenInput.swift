import Autoregression
import Networks
import Settings
import Tensors

/// From tokens to the width of a backbone.
enum TokenInput: Module {
  /// A linear layer over values.
  case values(Linear)
  /// A free vector for each code (LlamaGen; Sun et al. 2024, arXiv 2406.06525).
  case codes(Embedding)

  enum Kind: String, Setting, CaseIterable { case values, codes }

  init(_ choices: BackboneChoices, of space: TokenSpace, _ random: inout Random) {
    switch choices.embed {
    case .values:
      self = .values(
        Linear(
          from: space.width, to: choices.width, hasBias: choices.block.perceptronBias, weight: choices.weight, &random))
    case .codes:
      self = .codes(Embedding(space.vocabulary ?? 1, width: choices.width, weight: choices.embedding, &random))
    }
  }

  /// [batch, rows, width] for some rows of each sample.
  func callAsFunction(_ tokens: Tokens) -> Tensor {
    switch self {
    case .values(let linear): return linear(tokens.values)
    case .codes(let table):
      guard let codes = tokens.codes else { preconditionFailure("codes are embedded, and tokens came without") }
      return table(codes)
    }
  }
}
