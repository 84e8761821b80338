import Settings

/// Sizes of the MLP generators of EAR (Shao et al. 2025, arXiv 2505.07812; scoreloss_w and scoreloss_d of the released
/// recipes).
enum EnergyScorePreset: String, Setting, CaseIterable {
  case none
  case earB = "ear-b"
  case earL = "ear-l"
  case earH = "ear-h"

  /// Width and residual blocks of the generator.
  var size: (width: Int, depth: Int) {
    switch self {
    case .none: (256, 3)
    case .earB: (1024, 6)
    case .earL: (1280, 8)
    case .earH: (1536, 12)
    }
  }
}
