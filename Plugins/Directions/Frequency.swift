import Autoregression
import Settings
import Spectra
import Tensors

/// Low frequencies to high: the whole image every turn, from a low-pass filtered draft of it
/// (FAR; Yu, Zhang et al. 2025, arXiv 2503.05305).
///
/// With `target: full` every turn predicts the full latent, the canvas is one draft, and the input is the draft
/// filtered to the level of the turn. With `next-level` and `band` every level has a target and the canvas is a
/// pyramid: one set of slots per level, one of which is the sequence of a turn. With `context: all` there is a set per
/// level, too, and the sequence of a turn holds all sets up to its level, block by block.
///
/// Differs from the released code where a grid is not 16 x 16, for which its lists of levels are literals: here they
/// are scaled (`FrequencyPreset`).
struct Frequency: RegressionDirection {
  static let key = "frequency"
  static let about = About(
    "From low frequencies to high: every turn predicts the whole image from a low-pass filtered draft of it.",
    source: "Yu et al. 2025 (FAR), arXiv 2503.05305", example: "levels: [0, 2, 3]")

  let layout: Layout
  /// The low-pass filter.
  let filter: LowPass
  /// The order of a Butterworth filter.
  let filterOrder: Int
  let first: FirstFrequencies
  let context: LevelContext
  /// The level of each turn of a generation.
  let levels: [Int]
  let target: FrequencyTarget
  let draw: LevelDraw
  /// The levels that training draws from, or with a pyramid their indices in `levels`.
  let trainingLevels: [Int]
  let mask: FrequencyMask
  /// Turns of a generation whose draft is not filtered.
  let unfiltered: [Int]
  let weight: LevelWeight
  let weightUse: WeightUse

  /// Cells along the longer side: the number of the level that shows everything.
  var top: Int { max(layout.grid.height, layout.grid.width) }

  /// True if the canvas has a set of slots for each level.
  var isPyramid: Bool { target != .full || context == .all }

  init(_ settings: inout Settings, over grid: Grid) throws(SettingsError) {
    let top = max(grid.height, grid.width)
    let preset: FrequencyPreset = try settings[
      "preset", default: .paper,
      about: "defaults of the paper (version 1), or of the released code, without or with its option --mask"]
    try Self.refuseFormerKeys(settings)
    filter = try settings["filter", default: preset.filter, about: "low-pass filter that makes a level from the latent"]
    filterOrder =
      filter == .butterworth
      ? try settings["filter-order", default: 4, in: 1...32, about: "order of the Butterworth filter"] : 4
    first = try settings[
      "order", default: .low, about: "order of the frequencies; 'high-to-low' is a control that the paper does not have"
    ]
    target = try settings[
      "target", default: .full,
      about: "prediction target of a step: the full latent, the latent of the next level, or the band the level adds"]
    context = try settings[
      "context", default: .current,
      about: "what a step attends to: its own level, or its level and all before it (block-causal)"]
    var section = try settings.section("mask", about: "FAR's mask mechanism: part of the draft is masked")
    mask = try FrequencyMask(&section, preset)
    var sampled = settings.generationOnly
    levels = try sampled[
      "levels", default: preset.levels(top: top),
      about: "the frequency level of each sampling step, from 0 (nothing) to the cells of the longer side (all)"]
    // With all levels in one sequence training draws none.
    draw =
      context == .all
      ? .batch
      : try settings[
        "level-sampling", default: preset.draw, about: "training draws one level per batch, or one per image"]
    let drawn: DrawnLevels = context == .all ? .listed : try Self.drawnLevels(&settings, target)
    // Only where training draws from all levels and predicts the full latent does the list not matter to it.
    if target != .full || drawn == .listed { settings.markAffectsTraining("levels") }
    unfiltered = try sampled[
      "unfiltered-steps", default: preset.unfiltered(of: levels.count),
      about: "sampling steps, counted from 0, that see the draft without the low-pass filter"]
    weight = try settings[
      "loss-weight", default: preset.weight, about: "loss weight of a level (FAR's frequency-aware loss: sine)"]
    weightUse = weight == .none || context == .all ? .factor : try Self.weightUse(&settings)

    guard levels.count <= Layout.slotLimit / grid.count else {
      throw settings.refusal(
        "\(levels.count) levels over a grid of \(grid) have more than \(Layout.slotLimit) slots; list fewer.",
        at: "levels")
    }
    if target != .full || context == .all {
      layout = Self.pyramid(of: levels.count, over: grid, isBlockCausal: context == .all)
      trainingLevels = Array(levels.indices)
    } else {
      layout = Self.draft(over: grid, levels: top + 1)
      // The top level would show the target itself.
      trainingLevels = drawn == .listed ? Set(levels).filter { $0 < top }.sorted() : Array(0..<top)
    }
    try refuse(settings)
  }

  /// Reads from which levels training draws; targets other than the full latent know those that are listed only.
  private static func drawnLevels(
    _ settings: inout Settings, _ target: FrequencyTarget
  ) throws(SettingsError) -> DrawnLevels {
    let drawn: DrawnLevels = try settings[
      "training-levels", default: target == .full ? .all : .listed,
      about: "levels that training draws from: all, or those listed in 'levels'"]
    guard target == .full || drawn == .listed else {
      throw settings.refusal(
        "target '\(target.rawValue)' is trained on the levels that it samples; leave out 'training-levels', or set it "
          + "to 'listed'.", at: "training-levels")
    }
    return drawn
  }

  /// Reads how the weights of levels act; only where levels have weights and training draws one of them.
  private static func weightUse(_ settings: inout Settings) throws(SettingsError) -> WeightUse {
    try settings[
      "loss-weight-as", default: .factor,
      about: "how the loss weight acts: as a factor, or as the probability of drawing the level (importance sampling)"]
  }

  /// Returns the layout of a canvas with a set of slots for each level, [levels * cells]; where it is block-causal, a
  /// level attends to itself and all before it, else all slots are of one group.
  private static func pyramid(of levels: Int, over grid: Grid, isBlockCausal: Bool) -> Layout {
    let slots = (0..<levels).flatMap { Slot.cells(of: grid, level: $0) }
    let groups = isBlockCausal ? slots.map(\.level) : Array(repeating: 0, count: grid.count)
    return Layout(grid: grid, slots: slots, groups: groups, levels: levels)
  }

  /// Returns the layout of a canvas that is one draft, [cells], all of which attend to all.
  private static func draft(over grid: Grid, levels: Int) -> Layout {
    Layout(
      grid: grid, slots: Slot.cells(of: grid), groups: Array(repeating: 0, count: grid.count), levels: levels)
  }

  private static func refuseFormerKeys(_ settings: Settings) throws(SettingsError) {
    try settings.renamed("from", to: "order")
    try settings.renamed("draw", to: "level-sampling")
    try settings.renamed("train-on", to: "training-levels")
    try settings.renamed("unfiltered", to: "unfiltered-steps")
    try settings.renamed("weight", to: "loss-weight")
    try settings.renamed("weight-as", to: "loss-weight-as")
  }

  /// Refuses combinations that cannot work, in one sentence each.
  private func refuse(_ settings: Settings) throws(SettingsError) {
    let grid = layout.grid
    guard !levels.isEmpty, levels.allSatisfy({ (0...top).contains($0) }) else {
      throw settings.refusal(
        "direction 'frequency' has levels 0 to \(top) over a grid of \(grid); 'levels' must list some of these.",
        at: "levels")
    }
    guard levels[0] == 0 else {
      throw settings.refusal(
        "a generation starts from nothing, which is level 0; 'levels' must begin with 0, not \(levels[0]).",
        at: "levels")
    }
    guard unfiltered.allSatisfy({ (1..<max(2, levels.count)).contains($0) && $0 < levels.count }) else {
      throw settings.refusal(
        levels.count < 2
          ? "'unfiltered-steps' names steps after the first, and a list of 1 level has none; leave it out."
          : "'unfiltered-steps' names steps after the first, which are 1 to \(levels.count - 1) "
            + "with \(levels.count) levels.",
        at: "unfiltered-steps")
    }
    guard isPyramid else { return }
    guard !mask.isUsed, unfiltered.isEmpty else {
      throw settings.refusal(
        target == .full
          ? "'mask' and 'unfiltered-steps' say how one draft is shown, and context 'all' has one for each level; "
            + "leave them out, or use context 'current'."
          : "'mask' and 'unfiltered-steps' say how a draft is shown, and target '\(target.rawValue)' has none; "
            + "leave them out, or use target 'full'.", at: mask.isUsed ? "mask" : "unfiltered-steps")
    }
    guard target != .full else { return }
    guard zip(levels, levels.dropFirst()).allSatisfy({ $0 < $1 }), levels.last != top else {
      throw settings.refusal(
        "with target '\(target.rawValue)' every level must add detail: 'levels' must ascend and stay below \(top).",
        at: "levels")
    }
  }

  // MARK: Turns

  func trainingTurn(batch: Int, progress: Float, _ random: inout Random) -> Turn {
    let count = layout.grid.count, steps = target == .full ? top : levels.count
    guard context == .current else {
      let weightedLevels = target == .full ? levels.map { min($0, top - 1) } : trainingLevels
      return Turn(
        shown: .range(min(count, layout.slots.count)..<layout.slots.count),
        weights: weight.tensor(of: weightedLevels, steps: steps, perLevel: count, batch: batch))
    }
    let chosen = drawnLevels(of: steps, batch: batch, &random)
    let levelOfSample = chosen.count == 1 ? Array(repeating: chosen[0], count: batch) : chosen
    let weights = weightUse == .probability ? nil : weight.tensor(of: levelOfSample, steps: steps, count: count)
    guard target == .full else { return Turn(slots: slots(levelOfSample), weights: weights) }
    // All samples must show equally many slots: one mask ratio for the batch, with the bound of its highest level.
    let shown = mask.trainingShown(of: count, level: levelOfSample.max() ?? 0, top: top, &random)
    return Turn(shown: shown, levels: chosen, weights: weights)
  }

  /// One level for all samples, or one for each.
  private func drawnLevels(of steps: Int, batch: Int, _ random: inout Random) -> [Int] {
    let count = trainingLevels.count
    if weightUse == .probability {
      // Inverse transform sampling: levels in proportion to their weights, from their cumulative sum.
      let ends = trainingLevels.reduce(into: [0.0]) { $0.append($0[$0.count - 1] + weight.value($1, of: steps)) }
      func level(at fraction: Float) -> Int {
        let target = Double(fraction) * ends[count]
        return trainingLevels[ends.dropFirst().firstIndex { $0 > target }.map { $0 - 1 } ?? count - 1]
      }
      return draw == .batch
        ? [level(at: random.shared("level"))] : random.uniform([batch], "level").scalars.map(level)
    }
    return switch draw {
    case .batch: [trainingLevels[min(count - 1, Int(random.shared("level") * Float(count)))]]
    case .image: random.integers(in: 0..<count, count: 1, "level").map { trainingLevels[$0[0]] }
    }
  }

  func turn(after past: Past, batch: Int, _ random: inout Random) -> Turn? {
    let step = past.last.map { $0.moment.step + 1 } ?? 0
    guard step < levels.count else { return nil }
    let moment = Moment(step: step, steps: levels.count, progress: Float(step) / Float(levels.count))
    if context == .all {
      let start = step * layout.grid.count, end = start + layout.grid.count
      return Turn(
        moment, slots: .range(0..<end), shown: .range(min(layout.grid.count, end)..<end),
        predicted: .range(start..<end),
        settled: start)
    }
    guard target == .full else { return Turn(moment, slots: slots(Array(repeating: step, count: batch))) }
    let shown = mask.samplingShown(of: layout.grid.count, moment, random)
    return Turn(moment, shown: shown, levels: [levels[step]])
  }

  /// The slots of one level of the pyramid, for each sample.
  private func slots(_ levels: [Int]) -> Selection {
    let count = layout.grid.count
    return .perSample(levels.map { Array($0 * count..<($0 + 1) * count) })
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(Frequency.self) }
