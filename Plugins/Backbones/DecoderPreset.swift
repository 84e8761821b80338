import Networks
import Settings

/// Sizes and forms of papers whose backbone is one stack of blocks.
enum DecoderPreset: String, BackbonePreset {
  case none
  case varD16 = "var-d16"
  case varD20 = "var-d20"
  case varD24 = "var-d24"
  case varD30 = "var-d30"
  case llamaGenB = "llamagen-b"
  case llamaGenL = "llamagen-l"
  case llamaGenXL = "llamagen-xl"
  case llamaGenXXL = "llamagen-xxl"
  case llamaGen3B = "llamagen-3b"
  case rarB = "rar-b"
  case rarL = "rar-l"
  case rarXL = "rar-xl"
  case rarXXL = "rar-xxl"
  case maskGIT = "maskgit"

  var defaults: BackboneDefaults {
    switch self {
    case .none: BackboneDefaults()
    case .varD16: Self.nextScale(depth: 16, gateInitScale: 1e-3)
    case .varD20: Self.nextScale(depth: 20, gateInitScale: 1e-3)
    case .varD24: Self.nextScale(depth: 24, gateInitScale: 1e-4)
    case .varD30: Self.nextScale(depth: 30, gateInitScale: 1e-5)
    case .llamaGenB: Self.llama(width: 768, depth: 12, heads: 12)
    case .llamaGenL: Self.llama(width: 1024, depth: 24, heads: 16)
    case .llamaGenXL: Self.llama(width: 1280, depth: 36, heads: 20)
    case .llamaGenXXL: Self.llama(width: 1536, depth: 48, heads: 24)
    case .llamaGen3B: Self.llama(width: 3200, depth: 24, heads: 32)
    case .rarB: Self.randomized(width: 768, depth: 24)
    case .rarL: Self.randomized(width: 1024, depth: 24)
    case .rarXL: Self.randomized(width: 1280, depth: 32)
    case .rarXXL: Self.randomized(width: 1408, depth: 40, mlpWidth: 6144)
    case .maskGIT: Self.masked()
    }
  }

  /// VAR (Tian et al. 2024, arXiv 2404.02905), all of whose sizes follow from the depth.
  private static func nextScale(depth: Int, gateInitScale: Float) -> BackboneDefaults {
    var all = BackboneDefaults(width: 64 * depth, depth: depth, heads: depth)
    all.activation = .geluTanh
    all.queryNorm = .l2
    all.bias = .queriesAndValues
    all.adaptiveNorm = .perBlock
    all.gateInitScale = gateInitScale
    all.dropPath = 0.1 * Float(depth) / 24
    all.initialDeviation = (1 / Float(3 * 64 * depth)).squareRoot()
    all.scalesResidualInit = true
    all.undecayed += [.position, .maskToken]
    return all
  }

  /// LlamaGen (Sun et al. 2024, arXiv 2406.06525).
  private static func llama(width: Int, depth: Int, heads: Int) -> BackboneDefaults {
    var all = BackboneDefaults(width: width, depth: depth, heads: heads)
    all.norm = .rms
    all.activation = .swiglu
    all.bias = .none
    all.positions = .rotary
    all.tokenEmbedding = .lookup
    all.conditionTarget = .maskTokens
    all.hasMaskToken = false
    all.unpositioned = .zero
    all.hasTargetPositions = false
    all.dropout = 0.1
    all.tokenDropout = 0.1
    all.initialDeviation = 0.02
    return all
  }

  /// RAR (Yu et al. 2024, arXiv 2411.00776), as its code has it (bytedance/1d-tokenizer 942a96f, `modeling/rar.py`).
  private static func randomized(width: Int, depth: Int, mlpWidth: Int? = nil) -> BackboneDefaults {
    var all = BackboneDefaults(width: width, depth: depth, heads: 16)
    all.mlpWidth = mlpWidth
    all.queryNorm = .layer
    all.adaptiveNorm = .perBlock
    all.adaptiveNormIsAffine = true
    all.modulatesByPosition = true
    all.gateInitScale = 0
    all.modulationInitScale = 0
    all.hasClassToken = true
    all.tokenEmbedding = .lookup
    all.undecayed += [.embedding, .position, .maskToken]
    all.initialDeviation = 0.02
    all.dropout = 0.1
    all.mlpDropout = 0.1
    all.attentionDropout = 0.1
    return all
  }

  /// MaskGIT (Chang et al. 2022, arXiv 2202.04200), as its code has it (google-research/maskgit 1db2359,
  /// `maskgit/nets/maskgit_transformer.py`). Its initial weights are cut at two deviations of 0.02, which leaves a
  /// deviation of 0.0176; ours are normal with that one.
  private static func masked() -> BackboneDefaults {
    var all = BackboneDefaults(width: 768, depth: 24, heads: 16)
    all.activation = .geluTanh
    all.normFirst = false
    all.epsilon = 1e-12
    all.hasEmbeddingNorm = true
    all.hasMLMLayer = true
    all.tiesOutput = true
    all.tokenEmbedding = .lookup
    all.initialDeviation = 0.0176
    all.dropout = 0.1
    all.attentionDropout = 0.1
    all.tokenDropout = 0.1
    return all
  }
}
