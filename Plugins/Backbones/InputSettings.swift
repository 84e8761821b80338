import Autoregression
import Networks
import Settings

/// The tokens to which the conditioning vector is added.
enum ConditionTarget: String, Setting, CaseIterable {
  /// All tokens.
  case allTokens = "all-tokens"
  /// Mask tokens only: in next-token prediction the class becomes the first token (VAR, LlamaGen).
  case maskTokens = "mask-tokens"
}

/// The settings of the tokens that enter the blocks.
struct InputSettings {
  let tokenEmbedding: TokenEmbedding.Kind
  let conditionTarget: ConditionTarget
  /// The dropout rate of embedded tokens.
  let dropout: Float

  /// Reads the settings of tokens; throws where tokens without codes should be looked up by code.
  init(
    _ settings: inout Settings, _ defaults: BackboneDefaults, adaptiveNorm: AdaptiveNorms, for shape: BackboneShape
  ) throws(SettingsError) {
    dropout = try settings[
      "token-dropout", default: defaults.tokenDropout, in: 0...0.9,
      about: "the dropout rate of embedded tokens; LlamaGen (arXiv 2406.06525): 0.1"]
    conditionTarget = try settings[
      "add-condition-to", default: defaults.conditionTarget ?? (adaptiveNorm == .none ? .allTokens : .maskTokens),
      about:
        "the tokens to which the class vector is added; mask-tokens makes the class the first token of a "
        + "next-token model (VAR, arXiv 2404.02905; LlamaGen)"
    ]
    tokenEmbedding = try settings[
      "token-embedding", default: defaults.tokenEmbedding,
      about:
        "linear: a projection of the token's values; lookup: a learned vector per code (LlamaGen, arXiv 2406.06525)"]
    guard tokenEmbedding == .lookup else { return }
    guard shape.space.vocabulary != nil else {
      throw settings.refusal(
        "'token-embedding: lookup' needs a tokenizer with a vocabulary; the one chosen has continuous "
          + "tokens. Use 'token-embedding: linear'.",
        at: "token-embedding")
    }
    guard shape.feedsCodes else {
      throw settings.refusal(
        "'token-embedding: lookup' needs tokens as they are, and this direction feeds sums or averages "
          + "of them. Use 'token-embedding: linear'.",
        at: "token-embedding")
    }
  }
}
