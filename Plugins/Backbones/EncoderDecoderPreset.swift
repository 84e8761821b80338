import Settings

/// Sizes of papers whose backbone is an encoder and a decoder of equal depth.
enum EncoderDecoderPreset: String, BackbonePreset {
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
    case .marB, .farB: Self.masked(width: 768, depth: 24, heads: 12)
    case .marL, .farL: Self.masked(width: 1024, depth: 32, heads: 16)
    case .marH, .farH: Self.masked(width: 1280, depth: 40, heads: 16)
    }
  }

  /// MAR (Li et al. 2024, arXiv 2406.11838); FAR (Yu et al. 2025, arXiv 2503.05305) has the same sizes.
  private static func masked(width: Int, depth: Int, heads: Int) -> BackboneDefaults {
    var all = BackboneDefaults(width: width, depth: depth, heads: heads)
    all.dropout = 0.1
    all.mlpDropout = 0.1
    all.attentionDropout = 0.1
    return all
  }
}
