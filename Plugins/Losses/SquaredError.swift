import Autoregression
import Networks
import Settings
import Tensors

/// The mean of what a token can be, by squared error: the control that must collapse.
///
/// Where a token has two equally likely values it answers between them, which is neither (Li et al. 2024, MAR,
/// arXiv 2406.11838, section 3.1). Nothing is drawn: temperature changes nothing.
struct SquaredError: TokenLoss {
  static let key = "l2"
  static let about = About("The mean of what a token can be; the control that collapses.", example: "levels: none")

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

  mutating func calibrate(on answers: Tokens, levels: Indices) { tokenScale.measure(answers.values, levels: levels) }

  func callAsFunction(_ hidden: Tensor, _ answers: Tokens, levels: Indices, _ random: inout Random) -> Tensor {
    let wanted = tokenScale.normalize(answers.values.detached, levels: levels)
    return (head(level(hidden, levels)) - wanted).squared.mean(axis: 2)
  }

  func sample(_ hidden: Guided, levels: Indices, at moment: Moment, _ random: inout Random) -> Draw {
    Draw(.values(tokenScale.denormalize(head(level(hidden.mixed, levels)), levels: levels)))
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(SquaredError.self) }
