import Autoregression
import Glibc
import Settings
import Tensors

/// Several tokens at a time, in any order, each from all tokens so far
/// (MaskGIT; Chang et al. 2022, arXiv 2202.04200; MAR; Li et al. 2024, arXiv 2406.11838).
///
/// With `reveal: random` a turn predicts the next cells of an order (MAR). With `confident` it predicts all masked
/// tokens and keeps the most confident (MaskGIT), by log-probability plus Gumbel noise that falls to 0. With
/// `steps: all` a turn reveals one token. The rows of MAR's Table 1 that attend causally are direction `raster`.
///
/// Differs from MAR's code where there are more steps than tokens: there some turns predict nothing, here that is
/// refused.
struct Masked: RegressionDirection {
  static let key = "masked"
  static let about = About(
    "Several tokens at a time, each from all tokens so far; in random order, or the most confident first.",
    source: "Li et al. 2024 (MAR), arXiv 2406.11838; Chang et al. 2022 (MaskGIT), arXiv 2202.04200",
    example: "steps: 8")

  enum Reveal: String, Setting, CaseIterable { case random, confident }

  /// The distribution of the mask ratio of training turns.
  enum MaskRatio: String, Setting, CaseIterable {
    /// A normal distribution of mean 1 and standard deviation 0.25, truncated to [min-mask-ratio, 1] (MAR).
    case truncatedNormal = "truncated-normal"
    /// Always `min-mask-ratio`.
    case fixed
    /// The mask schedule at a time drawn uniformly from [0, 1 - min-mask-ratio] (MaskGIT, whose training code is not
    /// released; as in GIVT, Tschannen et al. 2023, arXiv 2312.02116).
    case schedule

    static let renamedChoices = ["truncated": "truncated-normal"]
  }

  /// The samples for which training draws one mask ratio.
  enum RatioSampling: String, Setting, CaseIterable {
    /// One ratio for all (MAR).
    case batch = "per-batch"
    /// One for each (MaskGIT as in 1d-tokenizer, GIVT).
    case image = "per-image"
  }

  enum LossTokens: String, Setting, CaseIterable {
    case masked
    /// Unmasked tokens as well, at a smaller weight (1d-tokenizer: 0.1).
    case all
  }

  let layout: Layout
  let steps: Int
  let schedule: MaskSchedule
  let reveal: Reveal
  let order: CellOrder
  let choiceTemperature: Float
  let maskRatio: MaskRatio
  let minMaskRatio: Double
  let ratioSampling: RatioSampling
  let lossTokens: LossTokens
  let unmaskedLossWeight: Float

  init(_ settings: inout Settings, over grid: Grid) throws(SettingsError) {
    let count = grid.count
    layout = Layout(grid: grid, slots: Slot.cells(of: grid), groups: Array(repeating: 0, count: count))
    var sampled = settings.generationOnly
    try settings.renamed("masking", to: "mask-ratio")
    try settings.renamed("least-masked", to: "min-mask-ratio")
    try settings.renamed("answer", to: "loss-on")
    try settings.renamed("shown-weight", to: "unmasked-loss-weight")
    let turns: TurnCount = try sampled[
      "steps", default: .number(min(64, count)), about: "sampling steps; 'all' is one step per token"]
    let about =
      "mask schedule: how the fraction of masked tokens falls from 1 to 0 over the steps (MaskGIT, section 3.4)"
    schedule = try sampled["schedule", default: .cosine, about: about]
    reveal = try sampled[
      "reveal", default: .random,
      about: "which tokens a step reveals: the next of a random order (MAR), or the most confident (MaskGIT)"]
    if reveal == .random {
      order = try CellOrder(&sampled, over: grid, default: .random)
      choiceTemperature = 0
    } else {
      order = .drawn
      choiceTemperature = try sampled[
        "choice-temperature", default: 4.5, in: 0...1000,
        about: "scale of the Gumbel noise added to the confidence; it falls linearly to 0 (MaskGIT)"]
    }
    maskRatio = try settings[
      "mask-ratio", default: .truncatedNormal, about: "distribution of the mask ratio in training"]
    if maskRatio == .schedule { settings.markAffectsTraining("schedule") }
    minMaskRatio = try settings[
      "min-mask-ratio", default: maskRatio == .schedule ? 0 : 0.7, in: 0...1,
      about:
        "smallest mask ratio in training; with 'mask-ratio: fixed' the ratio itself; with 'mask-ratio: schedule' its "
        + "time is drawn from [0, 1 - min-mask-ratio] (GIVT, arXiv 2312.02116: 0.3; MaskGIT, arXiv 2202.04200: 0.5)"
    ]
    ratioSampling =
      maskRatio == .fixed
      ? .batch
      : try settings[
        "mask-ratio-sampling", default: .batch,
        about: "training draws one mask ratio per batch (MAR), or one per image (1d-tokenizer, GIVT)"]
    lossTokens = try settings[
      "loss-on", default: .masked, about: "tokens the loss is averaged over: the masked ones, or all"]
    unmaskedLossWeight =
      lossTokens == .all
      ? try settings[
        "unmasked-loss-weight", default: 0.1, in: 0...0.999,
        about: "loss weight of an unmasked token; a masked one weighs 1"] : 0
    steps =
      switch turns {
      case .all: count
      case .number(let number): number
      }
    guard steps >= 1 else {
      throw settings.refusal("a generation takes at least 1 step, not \(steps).", at: "steps")
    }
    guard steps <= count else {
      throw settings.refusal(
        "direction 'masked' cannot take \(steps) steps over \(count) slots; use \(count) or fewer.", at: "steps")
    }
  }

  var needsConfidence: Bool { reveal == .confident }
  var showsEqually: Bool { ratioSampling == .batch }

  // MARK: Training

  func trainingTurn(batch: Int, progress: Float, _ random: inout Random) -> Turn {
    let count = layout.grid.count, hidden = maskedCounts(batch: batch, &random)
    let orders = Array(zip(random.orders(of: count, "order"), hidden))
    var turn = Turn(shown: .perSample(orders.map { $0[$1...].sorted() }))
    if lossTokens == .masked, showsEqually {
      turn.predicted = .perSample(orders.map { $0[..<$1].sorted() })
      return turn
    }
    // The mean over all tokens becomes the weighted mean, over the batch where ratios differ.
    let (masked, total) = showsEqually ? (hidden[0], count) : (hidden.reduce(0, +), batch * count)
    let heavy = Float(total) / (Float(masked) + unmaskedLossWeight * Float(total - masked))
    var weights = Array(repeating: heavy, count: batch * count)
    for (sample, (order, hidden)) in orders.enumerated() {
      for cell in order[hidden...] { weights[sample * count + cell] = heavy * unmaskedLossWeight }
    }
    turn.weights = Tensor([batch, count], weights)
    return turn
  }

  /// Returns the number of masked tokens of each sample of a training turn.
  private func maskedCounts(batch: Int, _ random: inout Random) -> [Int] {
    let count = layout.grid.count
    guard maskRatio != .fixed else { return Array(repeating: maskedCount(minMaskRatio), count: batch) }
    let fractions =
      ratioSampling == .image
      ? random.uniform([batch], "mask-ratio").scalars : [random.shared("mask-ratio")]
    let counts = fractions.map { fraction in
      let ratio: Double =
        switch maskRatio {
        case .schedule: schedule.maskRatio(after: Double(fraction) * (1 - minMaskRatio), of: count)
        default:
          minMaskRatio >= 1
            ? 1 : TruncatedNormal(mean: 1, deviation: 0.25, range: minMaskRatio...1).quantile(Double(fraction))
        }
      return maskedCount(ratio)
    }
    return counts.count == batch ? counts : Array(repeating: counts[0], count: batch)
  }

  /// Returns the number of tokens that a mask ratio hides, at least one.
  private func maskedCount(_ ratio: Double) -> Int {
    let count = layout.grid.count
    return min(count, max(1, Int((Double(count) * ratio).rounded(.up))))
  }

  // MARK: Generation

  func turn(after past: Past, batch: Int, _ random: inout Random) -> Turn? {
    let step = past.last.map { $0.moment.step + 1 } ?? 0, open = layout.grid.count - Set(past.pinned).count
    let turns = min(steps, open)
    guard step < turns else { return nil }
    let left = schedule.left(of: open, steps: turns)
    let (shown, predicted) =
      reveal == .random
      ? next(after: past.pinned, from: step == 0 ? open : left[step - 1], to: left[step], batch, random)
      : leastConfident(after: past, left: step == 0 ? open : left[step - 1], batch, &random)
    // MAR counts one token as masked after the last turn.
    let progress = 1 - Float(max(1, left[step])) / Float(layout.grid.count)
    return Turn(
      Moment(step: step, steps: turns, progress: progress), shown: .perSample(shown), predicted: .perSample(predicted))
  }

  /// Positions of a turn before which the first `start` cells of the masked ones are masked, and after which the first
  /// `end` are.
  private func next(after pinned: [Int], from start: Int, to end: Int, _ batch: Int, _ random: Random) -> (
    shown: Indices, predicted: Indices
  ) {
    let given = Set(pinned)
    let hidden = order.orders(of: layout.grid.count, batch: batch, random).map { order in
      // A drawn order lists the cells that stay masked longest first (MAR); a fixed one, those to reveal first.
      var rest = order.filter { !given.contains($0) }
      if case .fixed = self.order { rest.reverse() }
      return rest
    }
    return (
      hidden.map { complement(of: $0[..<start]) }, hidden.map { $0[end..<start].sorted() }
    )
  }

  /// Positions of a turn that shows the tokens so far and the most confident of the last draw, and predicts all others.
  private func leastConfident(after past: Past, left: Int, _ batch: Int, _ random: inout Random) -> (
    shown: Indices, predicted: Indices
  ) {
    let count = layout.grid.count
    guard let last = past.last else {
      let given = Array(Set(past.pinned)).sorted(), masked = complement(of: given[...])
      return (Array(repeating: given, count: batch), Array(repeating: masked, count: batch))
    }
    let drawn = last.predicted.indices(in: count, batch: batch), chances = drawn.first?.count ?? 0
    // Gumbel noise, -log(-log(u)); u has 24 bits and is moved off zero.
    let noise = random.uniform([batch, chances], "choice").scalars.map { -log(-log(Double($0) + 0x1p-25)) }
    let noiseScale = Double(choiceTemperature) * (1 - Double(last.moment.step + 1) / Double(last.moment.steps))
    // Without log-probabilities the choice is random.
    let confidence = past.confidence?.scalars ?? Array(repeating: 0, count: noise.count)
    let predicted = drawn.indices.map { sample in
      let scores = (0..<chances).map { i in
        Double(confidence[sample * chances + i]) + noiseScale * noise[sample * chances + i]
      }
      let lowest = scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }.prefix(left)
      return lowest.map { drawn[sample][$0] }.sorted()
    }
    return (predicted.map { complement(of: $0[...]) }, predicted)
  }

  /// All other cells, ascending.
  private func complement(of cells: ArraySlice<Int>) -> [Int] {
    let cells = Set(cells)
    return (0..<layout.grid.count).filter { !cells.contains($0) }
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(Masked.self) }
