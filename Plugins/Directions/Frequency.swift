import Autoregression
import Settings
import Spectra
import Tensors

/// Low frequencies to high: the whole image every turn, from a blurred draft of it
/// (FAR; Yu, Zhang et al. 2025, arXiv 2503.05305).
///
/// With `target: full` every turn answers the full latent, the canvas is one draft, and what is shown is the draft
/// filtered to the level of the turn. With `next-level` and `band` every level has an answer of its own and the canvas
/// is a pyramid: one set of slots per level, of which a turn takes part in one.
///
/// Differs from the released code where a grid is not 16 x 16, for which its lists of levels are literals: here they
/// are scaled (`FrequencyPreset`).
struct Frequency: RegressionDirection {
  static let key = "frequency"
  static let about = About(
    "From low frequencies to high: every turn answers the whole image from a blurred draft of it.",
    source: "Yu et al. 2025 (FAR), arXiv 2503.05305", example: "levels: [0, 2, 3]")

  let layout: Layout
  /// How a level is made from a latent.
  let filter: LowPass
  /// How steeply a Butterworth filter falls.
  let filterOrder: Int
  /// The level that each turn of a generation is shown.
  let levels: [Int]
  let target: FrequencyTarget
  let draw: LevelDraw
  /// What training draws from: levels, or with a pyramid places in the list of levels.
  let trainingLevels: [Int]
  let mask: FrequencyMask
  /// Turns of a generation whose draft is shown unfiltered.
  let unfiltered: [Int]
  let weight: LevelWeight

  /// Cells along the longer side: the number of the level that shows everything.
  var top: Int { max(layout.grid.height, layout.grid.width) }

  init(_ settings: inout Settings, over grid: Grid) throws(SettingsError) {
    let top = max(grid.height, grid.width)
    let preset: FrequencyPreset =
      try settings["preset", default: .paper, about: "defaults as the paper writes or as its code does"]
    filter = try settings["filter", default: preset.filter, about: "how a level is made from a latent"]
    filterOrder =
      filter == .butterworth
      ? try settings["filter-order", default: 4, in: 1...32, about: "how steeply the Butterworth filter falls"] : 4
    target = try settings["target", default: .full, about: "what a turn answers"]
    var section = try settings.section("mask", about: "hiding part of the draft (FAR's mask mechanism)")
    mask = try FrequencyMask(&section)
    let isMasked = mask.sampling != .none
    var sampled = settings.generationOnly
    let usual = preset.levels(top: top, masked: isMasked),
      about = "the level that each turn of a generation is shown, from 0 to the cells of the longer side"
    levels = try sampled["levels", default: usual, about: about]
    draw = try settings["draw", default: preset.draw, about: "one training level for a batch, or one per image"]
    let drawn: DrawnLevels =
      try settings["train-on", default: .all, about: "training draws any level, or only those of 'levels'"]
    // Only where training draws from all levels and answers the full latent does the list not matter to it.
    if target != .full || drawn == .listed { _ = try settings["levels", default: usual, about: about] as [Int] }
    unfiltered = try sampled[
      "unfiltered", default: preset.unfiltered(of: levels.count, masked: isMasked),
      about: "turns, counted from 0, that are shown the draft unfiltered"]
    weight = try settings["weight", default: preset.weight, about: "how the loss weighs levels"]

    let groups = Array(repeating: 0, count: grid.count)
    if target == .full {
      layout = Layout(grid: grid, slots: Slot.cells(of: grid), groups: groups, levels: top + 1)
      // The top level would show the answer itself.
      trainingLevels = drawn == .listed ? Set(levels).filter { $0 < top }.sorted() : Array(0..<top)
    } else {
      let slots = levels.indices.flatMap { Slot.cells(of: grid, level: $0) }
      layout = Layout(grid: grid, slots: slots, groups: groups, levels: levels.count)
      trainingLevels = Array(levels.indices)
    }
    try refuse(settings)
  }

  /// Throws what cannot work, in one sentence.
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
          ? "'unfiltered' names turns after the first, and a list of 1 level has none; leave it out."
          : "'unfiltered' names turns after the first, which are 1 to \(levels.count - 1) with \(levels.count) levels.",
        at: "unfiltered")
    }
    guard target != .full else { return }
    guard !mask.isUsed, unfiltered.isEmpty else {
      throw settings.refusal(
        "'mask' and 'unfiltered' say how a draft is shown, and target '\(target.rawValue)' has none; "
          + "leave them out, or use target 'full'.", at: mask.isUsed ? "mask" : "unfiltered")
    }
    guard zip(levels, levels.dropFirst()).allSatisfy({ $0 < $1 }), levels.last != top else {
      throw settings.refusal(
        "with target '\(target.rawValue)' every level must add detail: 'levels' must ascend and stay below \(top).",
        at: "levels")
    }
  }

  // MARK: Turns

  func trainingTurn(batch: Int, progress: Float, _ random: inout Random) -> Turn {
    let chosen: [Int] =
      switch draw {
      case .batch:
        [trainingLevels[min(trainingLevels.count - 1, Int(random.shared("level") * Float(trainingLevels.count)))]]
      case .image: random.integers(in: 0..<trainingLevels.count, count: 1, "level").map { trainingLevels[$0[0]] }
      }
    let each = chosen.count == 1 ? Array(repeating: chosen[0], count: batch) : chosen
    let steps = target == .full ? top : levels.count
    let weights = weight.tensor(of: each, steps: steps, asked: layout.grid.count)
    guard target == .full else { return Turn(places: places(each), weights: weights) }
    // Samples must show equally many slots: one share for the batch, with the bound of its highest level.
    let shown = mask.trainingShown(of: layout.grid.count, level: each.max() ?? 0, top: top, &random)
    return Turn(shown: shown, levels: chosen, weights: weights)
  }

  func turn(after past: Past, batch: Int, _ random: inout Random) -> Turn? {
    let step = past.last.map { $0.moment.step + 1 } ?? 0
    guard step < levels.count else { return nil }
    let moment = Moment(step: step, steps: levels.count, progress: Float(step) / Float(levels.count))
    guard target == .full else { return Turn(moment, places: places(Array(repeating: step, count: batch))) }
    let shown = mask.samplingShown(of: layout.grid.count, moment, random)
    return Turn(moment, shown: shown, levels: [levels[step]])
  }

  /// The slots of one level of the pyramid, for each sample.
  private func places(_ levels: [Int]) -> Selection {
    let count = layout.grid.count
    return .each(levels.map { Array($0 * count..<($0 + 1) * count) })
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(Frequency.self) }
