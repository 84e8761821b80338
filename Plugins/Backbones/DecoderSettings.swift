import Autoregression
import Settings

/// The settings that the decoder alone has: the tokens, embeddings and layers before and after its blocks.
struct DecoderSettings {
  /// True where the embedding of positions without a token is learned.
  let hasMaskToken: Bool
  /// True where positions of the tokens to be predicted are embedded.
  private(set) var hasTargets = true
  /// True where levels are embedded.
  private(set) var hasLevels = false
  /// True where a learned token stands before all others.
  let hasClassToken: Bool
  /// True where a learned embedding of the position in the sequence is added to the vector that modulates norms.
  private(set) var modulatesByPosition = false
  /// True where embedded tokens are normalized before the first block.
  let hasEmbeddingNorm: Bool
  /// True where a dense layer, the activation and a norm follow the last block.
  let hasMLMLayer: Bool
  /// True where the weights of the head are the vectors of codes.
  private(set) var tiesOutput = false

  /// Reads the settings of a decoder whose blocks have the settings `all`.
  init(
    _ settings: inout Settings, _ defaults: BackboneDefaults, _ all: BackboneSettings, for shape: BackboneShape
  ) throws(SettingsError) {
    try settings.renamed("blank", to: "mask-token")
    try settings.renamed("targets", to: "target-positions")
    hasMaskToken = try settings[
      "mask-token", default: defaults.hasMaskToken,
      about: "whether the embedding of positions without a token is learned; LlamaGen (arXiv 2406.06525): false, zeros"]
    if shape.layout.shift > 0 {
      hasTargets = try settings[
        "target-positions", default: defaults.hasTargetPositions,
        about:
          "target-aware positional embedding (RAR, arXiv 2411.00776): whether the position of the next "
          + "token is added; needed unless the order is fixed"
      ]
    }
    if shape.layout.levels > 1 {
      hasLevels = try settings[
        "level-embedding", default: true,
        about: "whether a learned embedding of the scale or band is added to tokens (VAR, arXiv 2404.02905)"]
    }
    hasClassToken = try settings[
      "class-token", default: defaults.hasClassToken,
      about:
        "whether a learned token, the same for all classes, stands before all others (ViT, arXiv 2010.11929; RAR, "
        + "arXiv 2411.00776)"
    ]
    if all.isAdaptive {
      modulatesByPosition = try settings[
        "adaptive-norm-positions", default: defaults.modulatesByPosition,
        about:
          "whether a learned embedding of the position in the sequence is added to the vector that modulates norms "
          + "(RAR, arXiv 2411.00776)"
      ]
    }
    hasEmbeddingNorm = try settings[
      "embedding-norm", default: defaults.hasEmbeddingNorm,
      about:
        "whether embedded tokens are normalized before the first block (BERT, arXiv 1810.04805; MaskGIT, arXiv "
        + "2202.04200)"
    ]
    hasMLMLayer = try settings[
      "mlm-layer", default: defaults.hasMLMLayer,
      about:
        "whether a dense layer, the activation and a norm follow the last block, as in BERT's head for masked tokens "
        + "(arXiv 1810.04805; MaskGIT, arXiv 2202.04200)"
    ]
    if all.input.tokenEmbedding == .lookup {
      tiesOutput = try settings[
        "tied-output", default: defaults.tiesOutput,
        about:
          "whether the weights of the head are the vectors of 'token-embedding: lookup' (Press and Wolf 2016, arXiv "
          + "1608.05859; MaskGIT, arXiv 2202.04200)"
      ]
    }
  }
}
