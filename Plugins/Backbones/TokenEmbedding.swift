import Autoregression
import Networks
import Settings
import Tensors

/// The embedding of tokens: [batch, positions, token width] to [batch, positions, width].
enum TokenEmbedding: Module {
  /// A linear projection of values.
  case linear(Linear)
  /// A learned vector per code (LlamaGen; Sun et al. 2024, arXiv 2406.06525).
  case lookup(Embedding)

  /// The kinds that settings name.
  enum Kind: String, Setting, CaseIterable { case linear, lookup }

  /// The embedding of tokens of a space that the settings ask for.
  init(_ settings: BackboneSettings, of space: TokenSpace, _ random: inout Random) {
    let initial = settings.initialization
    switch settings.input.tokenEmbedding {
    case .linear:
      self = .linear(
        Linear(
          from: space.width, to: settings.width, hasBias: settings.block.mlpBias, weight: initial.weight, &random))
    case .lookup:
      self = .lookup(
        Embedding(
          space.vocabulary ?? 1, width: settings.width, weight: initial.embedding,
          &random))
    }
  }

  /// Returns the embedded tokens [batch, positions, width].
  func callAsFunction(_ tokens: Tokens) -> Tensor {
    switch self {
    case .linear(let linear): return linear(tokens.values)
    case .lookup(let table):
      guard let codes = tokens.codes else { preconditionFailure("tokens without codes cannot be looked up by code") }
      return table(codes)
    }
  }
}
