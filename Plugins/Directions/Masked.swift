import Autoregression
import Glibc
import Settings
import Tensors

/// Several tokens at a time, in any order, each from all those known
/// (MaskGIT; Chang et al. 2022, arXiv 2202.04200; MAR; Li et al. 2024, arXiv 2406.11838).
///
/// With `reveal: random` a turn asks for the next cells of an order (MAR). With `confident` it asks for all that are
/// unknown and keeps the surest (MaskGIT), by log-probability plus a random number that fades. With `steps: all` a turn
/// makes one token known. The rows of MAR's Table 1 that attend causally are direction `raster`.
///
/// Differs from MAR's code where there are more steps than tokens: there some turns ask for nothing, here that is
/// refused.
struct Masked: RegressionDirection {
  static let key = "masked"
  static let about = About(
    "Several tokens at a time, each from all those known; in random order, or the surest first.",
    source: "Li et al. 2024 (MAR), arXiv 2406.11838; Chang et al. 2022 (MaskGIT), arXiv 2202.04200",
    example: "steps: 8")

  enum Reveal: String, Setting, CaseIterable { case random, confident }

  /// The share of tokens that a training turn hides.
  enum Masking: String, Setting, CaseIterable {
    /// Normal around 1, deviation 0.25, between `min-mask-ratio` and 1 (MAR).
    case truncatedNormal = "truncated-normal"
    /// Always `min-mask-ratio`.
    case fixed
    /// What the schedule leaves at a time drawn evenly (MaskGIT).
    case schedule

    static let renamedChoices = ["truncated": "truncated-normal"]
  }

  enum Answer: String, Setting, CaseIterable {
    case masked
    /// Also what is shown, at a weight of its own (1d-tokenizer: 0.1).
    case all
  }

  let layout: Layout
  let steps: Int
  let schedule: MaskSchedule
  let reveal: Reveal
  let order: CellOrder
  let choiceTemperature: Float
  let masking: Masking
  let leastMasked: Double
  let answer: Answer
  let shownWeight: Float

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
    masking = try settings["mask-ratio", default: .truncatedNormal, about: "distribution of the mask ratio in training"]
    if masking == .schedule { settings.markAffectsTraining("schedule") }
    leastMasked =
      masking != .schedule
      ? try settings[
        "min-mask-ratio", default: 0.7, in: 0...1,
        about: "smallest mask ratio in training; with 'mask-ratio: fixed' the ratio itself"] : 0
    answer = try settings[
      "loss-on", default: .masked, about: "tokens the loss is averaged over: the masked ones, or all"]
    shownWeight =
      answer == .all
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

  // MARK: Training

  func trainingTurn(batch: Int, progress: Float, _ random: inout Random) -> Turn {
    let count = layout.grid.count
    let share: Double =
      switch masking {
      case .truncatedNormal:
        leastMasked >= 1
          ? 1 : random.truncatedNormal(mean: 1, deviation: 0.25, in: leastMasked...1, "mask-ratio")
      case .fixed: leastMasked
      case .schedule: schedule.unknown(after: Double(random.shared("mask-ratio")), of: count)
      }
    let hidden = min(count, max(1, Int((Double(count) * share).rounded(.up))))
    let orders = random.orders(of: count, "order")
    var turn = Turn(
      shown: .perSample(orders.map { $0[hidden...].sorted() }),
      predicted: .perSample(orders.map { $0[..<hidden].sorted() }))
    if answer == .all {
      turn.predicted = .all
      // The mean over all tokens becomes the weighted mean.
      let heavy = Float(count) / (Float(hidden) + shownWeight * Float(count - hidden))
      var weights = Array(repeating: heavy, count: batch * count)
      for (sample, order) in orders.enumerated() {
        for cell in order[hidden...] { weights[sample * count + cell] = heavy * shownWeight }
      }
      turn.weights = Tensor([batch, count], weights)
    }
    return turn
  }

  // MARK: Generation

  func turn(after past: Past, batch: Int, _ random: inout Random) -> Turn? {
    let step = past.last.map { $0.moment.step + 1 } ?? 0, open = layout.grid.count - Set(past.pinned).count
    let turns = min(steps, open)
    guard step < turns else { return nil }
    let left = schedule.left(of: open, steps: turns)
    let (shown, asked) =
      reveal == .random
      ? next(after: past.pinned, from: step == 0 ? open : left[step - 1], to: left[step], batch, random)
      : unknown(after: past, left: step == 0 ? open : left[step - 1], batch, &random)
    // MAR counts one token as unknown after the last turn.
    let progress = 1 - Float(max(1, left[step])) / Float(layout.grid.count)
    return Turn(
      Moment(step: step, steps: turns, progress: progress), shown: .perSample(shown), predicted: .perSample(asked))
  }

  /// Before the turn the first `start` cells of what is hidden are unknown, after it the first `end`.
  private func next(after pinned: [Int], from start: Int, to end: Int, _ batch: Int, _ random: Random) -> (
    shown: Indices, asked: Indices
  ) {
    let given = Set(pinned)
    let hidden = order.orders(of: layout.grid.count, batch: batch, random).map { order in
      // What is drawn is drawn as what remains hidden (MAR's order); what is listed, as what is asked for.
      var rest = order.filter { !given.contains($0) }
      if case .fixed = self.order { rest.reverse() }
      return rest
    }
    return (
      hidden.map { complement(of: $0[..<start]) }, hidden.map { $0[end..<start].sorted() }
    )
  }

  /// What was shown and the surest of what was drawn are known, all else is asked.
  private func unknown(after past: Past, left: Int, _ batch: Int, _ random: inout Random) -> (
    shown: Indices, asked: Indices
  ) {
    let count = layout.grid.count
    guard let last = past.last else {
      let given = Array(Set(past.pinned)).sorted(), asked = complement(of: given[...])
      return (Array(repeating: given, count: batch), Array(repeating: asked, count: batch))
    }
    let drawn = last.predicted.indices(in: count, batch: batch), chances = drawn.first?.count ?? 0
    // Gumbel's distribution; a number of 24 bits, moved off zero.
    let noise = random.uniform([batch, chances], "choice").scalars.map { -log(-log(Double($0) + 0x1p-25)) }
    let freedom = Double(choiceTemperature) * (1 - Double(last.moment.step + 1) / Double(last.moment.steps))
    // A loss that does not say how sure it is leaves the choice to chance.
    let confidence = past.confidence?.scalars ?? Array(repeating: 0, count: noise.count)
    let asked = drawn.indices.map { sample in
      let scores = (0..<chances).map { i in
        Double(confidence[sample * chances + i]) + freedom * noise[sample * chances + i]
      }
      let leastSure = scores.indices.sorted { (scores[$0], $0) < (scores[$1], $1) }.prefix(left)
      return leastSure.map { drawn[sample][$0] }.sorted()
    }
    return (asked.map { complement(of: $0[...]) }, asked)
  }

  /// All other cells, ascending.
  private func complement(of cells: ArraySlice<Int>) -> [Int] {
    let cells = Set(cells)
    return (0..<layout.grid.count).filter { !cells.contains($0) }
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(Masked.self) }
