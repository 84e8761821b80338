import Settings

/// Sizes of the papers' denoising networks (Li et al. 2024, MAR, arXiv 2406.11838, table 4; Yu et al. 2025, FAR,
/// arXiv 2503.05305, where the width of -L follows from the number of parameters in table 1).
enum DiffusionPreset: String, Setting, CaseIterable {
  case none
  case marB = "mar-b"
  case marL = "mar-l"
  case marH = "mar-h"
  case farB = "far-b"
  case farL = "far-l"
  case farH = "far-h"

  /// Width and residual blocks of the network.
  var size: (width: Int, depth: Int) {
    switch self {
    case .none: (256, 3)
    case .marB, .farB: (1024, 6)
    case .marL: (1280, 8)
    case .marH: (1536, 12)
    case .farL: (1536, 3)
    case .farH: (1024, 3)
    }
  }
}
