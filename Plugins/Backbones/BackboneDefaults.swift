import Networks
import Settings

/// What a backbone is unless its section says otherwise; presets are such values with a name.
struct BackboneDefaults {
  var width = 256
  var depth = 8
  var heads = 8
  /// Channels inside the perceptrons; nil: by the rule of the perceptron.
  var hidden: Int?
  var norm = Norm.Kind.layer
  var perceptron = MLPActivation.gelu
  var queryNorm = Attention.QueryNorm.none
  var bias = Attention.Bias.all
  var adaptive = AdaptiveNorms.none
  var gate: Float = 1e-3
  var positions = Positions.learned
  var decaysPositions = true
  var embed = TokenInput.Kind.values
  var vector: VectorUse?
  var hasBlank = true
  var unplaced = Unplaced.unturned
  var targets = true
  var dropout: Float = 0
  var hiddenDropout: Float = 0
  var attentionDropout: Float = 0
  var tokenDropout: Float = 0
  var dropPath: Float = 0
  /// 0: Glorot's for linear layers, 0.02 for all else.
  var deviation: Float = 0
  var shrinksResidual = false

  static func sized(_ width: Int, _ depth: Int, _ heads: Int) -> BackboneDefaults {
    var all = BackboneDefaults()
    (all.width, all.depth, all.heads) = (width, depth, heads)
    return all
  }
}

/// Sizes of the papers whose backbone is one stack of blocks.
enum DecoderPreset: String, Setting, CaseIterable {
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
    case .varD16: Self.nextScale(16, gate: 1e-3)
    case .varD20: Self.nextScale(20, gate: 1e-3)
    case .varD24: Self.nextScale(24, gate: 1e-4)
    case .varD30: Self.nextScale(30, gate: 1e-5)
    case .llamaGenB: Self.llama(768, 12, 12)
    case .llamaGenL: Self.llama(1024, 24, 16)
    case .llamaGenXL: Self.llama(1280, 36, 20)
    case .llamaGenXXL: Self.llama(1536, 48, 24)
    case .llamaGen3B: Self.llama(3200, 24, 32)
    case .rarB: Self.randomised(768, 24)
    case .rarL: Self.randomised(1024, 24)
    case .rarXL: Self.randomised(1280, 32)
    case .rarXXL: Self.randomised(1408, 40, hidden: 6144)
    case .maskGIT: Self.guessed()
    }
  }

  /// Tian et al. 2024, arXiv 2404.02905: all sizes follow from the depth.
  private static func nextScale(_ depth: Int, gate: Float) -> BackboneDefaults {
    var all = BackboneDefaults.sized(64 * depth, depth, depth)
    (all.perceptron, all.queryNorm, all.bias) = (.geluTanh, .l2, .queriesAndValues)
    (all.adaptive, all.gate, all.dropPath) = (.perBlock, gate, 0.1 * Float(depth) / 24)
    (all.deviation, all.shrinksResidual) = ((1 / Float(3 * 64 * depth)).squareRoot(), true)
    all.decaysPositions = false
    return all
  }

  /// Sun et al. 2024, arXiv 2406.06525.
  private static func llama(_ width: Int, _ depth: Int, _ heads: Int) -> BackboneDefaults {
    var all = BackboneDefaults.sized(width, depth, heads)
    (all.norm, all.perceptron, all.bias, all.positions) = (.rms, .swiglu, .none, .rotary)
    (all.embed, all.vector, all.hasBlank, all.unplaced, all.targets) = (.codes, .blanks, false, .zero, false)
    (all.dropout, all.tokenDropout, all.deviation) = (0.1, 0.1, 0.02)
    return all
  }

  /// Yu et al. 2024, arXiv 2411.00776. The largest has wider perceptrons, without which it had 1.4 billion parameters
  /// instead of the paper's 1.5.
  private static func randomised(_ width: Int, _ depth: Int, hidden: Int? = nil) -> BackboneDefaults {
    var all = BackboneDefaults.sized(width, depth, 16)
    all.hidden = hidden
    (all.queryNorm, all.adaptive, all.embed, all.deviation) = (.layer, .perBlock, .codes, 0.02)
    (all.dropout, all.attentionDropout) = (0.1, 0.1)
    return all
  }

  /// Chang et al. 2022, arXiv 2202.04200.
  private static func guessed() -> BackboneDefaults {
    var all = BackboneDefaults.sized(768, 24, 16)
    (all.embed, all.deviation) = (.codes, 0.02)
    (all.dropout, all.attentionDropout, all.tokenDropout) = (0.1, 0.1, 0.1)
    return all
  }
}

/// Sizes of the papers whose backbone is an encoder and a decoder, as deep as each other.
enum EncoderDecoderPreset: String, Setting, CaseIterable {
  case none
  case marB = "mar-b"
  case marL = "mar-l"
  case marH = "mar-h"
  case farB = "far-b"
  case farL = "far-l"
  case farH = "far-h"

  var defaults: BackboneDefaults {
    switch self {
    case .none: BackboneDefaults()
    case .marB, .farB: Self.masked(768, 24, 12)
    case .marL, .farL: Self.masked(1024, 32, 16)
    case .marH, .farH: Self.masked(1280, 40, 16)
    }
  }

  /// Li et al. 2024, arXiv 2406.11838; Yu et al. 2025, arXiv 2503.05305, has the same.
  private static func masked(_ width: Int, _ depth: Int, _ heads: Int) -> BackboneDefaults {
    var all = BackboneDefaults.sized(width, depth, heads)
    (all.dropout, all.hiddenDropout, all.attentionDropout) = (0.1, 0.1, 0.1)
    return all
  }
}
