import Autoregression
import Networks
import Settings
import Tensors

/// The conditional mean of a token by squared error: a baseline that cannot represent several modes.
///
/// For two equally probable values the mean lies between them and is neither (Li et al. 2024, MAR,
/// arXiv 2406.11838, section 3.1). Sampling is deterministic: temperature has no effect.
struct SquaredError: TokenLoss {
  static let key = "l2"
  static let about = About(
    "The mean of a token by squared error; the baseline that averages over modes.", example: "level-conditioning: none")

  let level: LevelEmbedding
  let head: Linear
  let tokenScale: TokenScale

  static let checkpointNames = ["tokenScale": "spread"]

  init(_ settings: inout Settings, of space: TokenSpace, from hidden: Int, levels: Int, _ random: inout Random)
    throws(SettingsError)
  {
    level = try LevelEmbedding(&settings, levels: levels, width: hidden, &random)
    tokenScale = try TokenScale(&settings, levels: levels)
    head = Linear(from: hidden, to: space.width, &random)
  }

  mutating func calibrate(on targets: Tokens, levels: Indices) { tokenScale.measure(targets.values, levels: levels) }

  /// Mean squared error over the channels of each normalized token: [batch, tokens].
  func callAsFunction(_ hidden: Tensor, _ targets: Tokens, levels: Indices, _ random: inout Random) -> Tensor {
    let normalized = tokenScale.normalize(targets.values.detached, levels: levels)
    return (head(level(hidden, levels)) - normalized).squared.mean(axis: 2)
  }

  func sample(_ hidden: Guided, levels: Indices, at moment: Moment, _ random: inout Random) -> Draw {
    Draw(.values(tokenScale.denormalize(head(level(hidden.mixed, levels)), levels: levels)))
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(SquaredError.self) }
