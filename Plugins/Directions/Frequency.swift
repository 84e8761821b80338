import Autoregression
import Glibc
import Settings
import Spectra
import Tensors

/// Low frequencies to high: the whole image every turn, from a blurred draft of it
/// (FAR; Yu, Zhang et al. 2025, arXiv 2503.05305).
///
/// With `target: full` every turn answers the full latent, the canvas is one draft, and what is shown is the draft
/// filtered to the level of the turn. With `next-level` and `band` every level has an answer of its own and the canvas
/// is a pyramid: one set of slots per level, of which a turn takes part in one.
struct Frequency: RegressionDirection {
  static let key = "frequency"
  static let about = About(
    "From low frequencies to high: every turn answers the whole image from a blurred draft of it.",
    source: "Yu et al. 2025 (FAR), arXiv 2503.05305", example: "levels: [0, 2, 3]")

  let layout: Layout
  /// How a level is made from a latent.
  let filter: LowPass
  /// The level that each turn of a generation is shown.
  let levels: [Int]
  let target: FrequencyTarget
  /// Whether one level is drawn for a training batch, or one per image.
  let draw: LevelDraw
  /// Levels that training draws from.
  let trainingLevels: [Int]
  let masks: FrequencyMask
  /// Turns whose draft is shown unfiltered.
  let unfiltered: [Int]
  let weight: LevelWeight

  /// Cells along the longer side: the number of the level that shows everything.
  private var top: Int { max(layout.grid.height, layout.grid.width) }

  init(_ settings: inout Settings, over grid: Grid) throws(SettingsError) {
    let top = max(grid.height, grid.width)
    let preset: FrequencyPreset = try settings["preset", default: .paper, about: "defaults as the paper writes or as its code does"]
    filter = try settings["filter", default: preset.filter, about: "how a level is made from a latent"]
    target = try settings["target", default: .full, about: "what a turn answers"]
    let list = preset.levels(top: top)
    levels = try settings["levels", default: list, about: "the level that each turn of a generation is shown"]
    guard !levels.isEmpty, levels.allSatisfy({ (0...top).contains($0) }) else {
      throw settings.refusal("direction 'frequency' has levels 0 to \(top) over a grid of \(grid); 'levels' must list some of these.", at: "levels")
    }
    draw = try settings["draw", default: preset.draw, about: "one training level for a batch, or one per image"]
    let drawn: DrawnLevels = try settings["train-on", default: .all, about: "training draws any level, or only those of 'levels'"]
    var section = try settings.section("mask", about: "hiding part of the draft (FAR's mask mechanism)")
    masks = try FrequencyMask(&section)
    unfiltered = try settings["unfiltered", default: [], about: "turns that are shown the draft unfiltered (released mask sampler: [1])"]
    weight = try settings["weight", default: .none, about: "how the loss weighs levels"]
    guard target == .full || !(masks.isUsed || !unfiltered.isEmpty) else {
      throw settings.refusal("the masks of direction 'frequency' hide parts of a draft, and target '\(target.rawValue)' has none; use target 'full'.")
    }
    guard target == .full || levels.first == 0 else {
      throw settings.refusal("with target '\(target.rawValue)' a generation starts from nothing: 'levels' must begin with 0.", at: "levels")
    }
    if target == .full {
      layout = Layout(
        grid: grid, slots: Slot.cells(of: grid), groups: Array(repeating: 0, count: grid.count), levels: top + 1)
      trainingLevels = drawn == .listed ? Array(Set(levels)).sorted() : Array(0..<top)
    } else {
      let slots = levels.indices.flatMap { Slot.cells(of: grid, level: $0) }
      layout = Layout(
        grid: grid, slots: slots, groups: Array(repeating: 0, count: grid.count), levels: levels.count)
      trainingLevels = Array(levels.indices)
    }
  }

  // MARK: Turns

  func trainingTurn(batch: Int, progress: Float, _ random: inout Random) -> Turn {
    let chosen: [Int] =
      switch draw {
      case .batch: [trainingLevels[min(trainingLevels.count - 1, Int(random.shared("level") * Float(trainingLevels.count)))]]
      case .image: random.integers(in: 0..<trainingLevels.count, count: 1, "level").map { trainingLevels[$0[0]] }
      }
    let each = chosen.count == 1 ? Array(repeating: chosen[0], count: batch) : chosen
    let weights = weight.tensor(of: each, top: target == .full ? top : levels.count, asked: layout.grid.count)
    guard target == .full else { return Turn(places: places(each), weights: weights) }
    // One ratio for the batch; where levels differ, that of the highest bounds it.
    let shown = masks.trainingShown(of: layout.grid.count, level: each.max() ?? 0, top: top, &random)
    return Turn(shown: shown, levels: chosen, weights: weights)
  }

  func turn(after past: Past, batch: Int, _ random: inout Random) -> Turn? {
    let step = past.last.map { $0.moment.step + 1 } ?? 0
    guard step < levels.count else { return nil }
    let moment = Moment(step: step, steps: levels.count, progress: Float(step) / Float(levels.count))
    guard target == .full else { return Turn(moment, places: places(Array(repeating: step, count: batch))) }
    let shown = masks.samplingShown(of: layout.grid.count, moment, random)
    return Turn(moment, shown: shown, levels: [levels[step]])
  }

  /// The slots of one level of the pyramid, for each sample.
  private func places(_ levels: [Int]) -> Selection {
    let count = layout.grid.count
    return .each(levels.map { Array($0 * count..<($0 + 1) * count) })
  }

  // MARK: Canvas

  func canvas(of latent: Tensor, by quantizer: any Quantizer) -> Tokens {
    let rows = [latent.shape[0], layout.grid.count, latent.shape[3]]
    guard target != .full else { return quantizer.tokens(nearest: latent.reshaped(rows)) }
    // What quantizing lost in a band is asked for again in the next.
    var parts: [Tokens] = [], seen = Tensor(zeros: rows)
    for index in levels.indices {
      let next = index + 1 < levels.count ? filter(latent, level: levels[index + 1], of: top) : latent
      let part = quantizer.tokens(nearest: target == .band ? next.reshaped(rows) - seen : next.reshaped(rows))
      if target == .band { seen = seen + part.values }
      parts.append(part)
    }
    let codes = parts.allSatisfy { $0.codes != nil }
    return Tokens(
      values: Tensor.concatenated(parts.map(\.values), axis: 1),
      codes: codes ? (0..<rows[0]).map { sample in parts.flatMap { $0.codes![sample] } } : nil)
  }

  func latent(of canvas: Tokens, through level: Int, by quantizer: any Quantizer) -> Tensor {
    let shape = [canvas.batch, layout.grid.height, layout.grid.width, canvas.values.shape[2]]
    guard target != .full else { return canvas.values.reshaped(shape) }
    return known(of: canvas, through: level).reshaped(shape)
  }

  /// What the levels up to `level` add up to, [batch, cells, width].
  private func known(of canvas: Tokens, through level: Int) -> Tensor {
    let count = layout.grid.count
    func part(_ level: Int) -> Tensor { canvas.values.sliced(level * count..<(level + 1) * count, axis: 1) }
    return target == .band ? (1..<level + 1).reduce(part(0)) { $0 + part($1) } : part(level)
  }

  func inputs(of canvas: Tokens, at turn: Turn, by quantizer: any Quantizer) -> Tokens {
    let batch = canvas.batch, width = canvas.values.shape[2], count = layout.grid.count
    let shape = [batch, layout.grid.height, layout.grid.width, width]
    guard target == .full else {
      let levels = turn.places.indices(in: layout.slots.count, batch: batch).map { $0[0] / count }
      return Tokens(values: mixed(levels, [batch, count, width]) { $0 == 0 ? Tensor(zeros: [batch, count, width]) : known(of: canvas, through: $0 - 1) })
    }
    let levels = unfiltered.contains(turn.moment.step) && turn.moment.steps == self.levels.count ? [top] : turn.levels ?? [top]
    let latent = canvas.values.reshaped(shape)
    let each = levels.count == 1 ? Array(repeating: levels[0], count: batch) : levels
    return Tokens(values: mixed(each, [batch, count, width]) { filter(latent, level: $0, of: top).reshaped([batch, count, width]) })
  }

  /// Each sample's rows from the version of its own level.
  private func mixed(_ levels: [Int], _ shape: [Int], _ version: (Int) -> Tensor) -> Tensor {
    if let level = levels.first, levels.allSatisfy({ $0 == level }) { return version(level) }
    let versions = Dictionary(uniqueKeysWithValues: Set(levels).map { ($0, version($0)) })
    let size = shape[1] * shape[2]
    return Tensor(unfilled: shape) { target in
      for (sample, level) in levels.enumerated() {
        versions[level]!.withUnsafeScalars { source in
          (target.baseAddress! + sample * size).update(from: source.baseAddress! + sample * size, count: size)
        }
      }
    }
  }
}

/// Where the paper and its released code differ (papers as of version 1; code as of its only release).
enum FrequencyPreset: String, Setting, CaseIterable {
  /// Ideal filter, one level per image, levels spread evenly.
  case paper
  /// Area and bicubic filter, one level per batch, the literal list of the sampler.
  case released

  var filter: LowPass { self == .paper ? .ideal : .areaBicubic }
  var draw: LevelDraw { self == .paper ? .image : .batch }

  /// Ten turns where the grid has as many levels.
  func levels(top: Int) -> [Int] {
    let count = min(10, top)
    if self == .released {
      let list = [0, 2, 3, 4, 5, 6, 7, 8, 9, 10].filter { $0 < top }
      return list.isEmpty ? [0] : list
    }
    return (0..<count).map { $0 * top / count }
  }
}

/// What a turn answers.
enum FrequencyTarget: String, Setting, CaseIterable {
  /// The full latent, at every level (FAR's simplification).
  case full
  /// The latent filtered to the next level.
  case nextLevel = "next-level"
  /// What the next level adds to the levels before it.
  case band
}

enum LevelDraw: String, Setting, CaseIterable { case batch, image }

enum DrawnLevels: String, Setting, CaseIterable { case all, listed }

/// How the loss weighs a level i of F.
enum LevelWeight: String, Setting, CaseIterable {
  case none
  /// 1 + sin(pi/2 (i + 1) / F), up to twice as much for high levels (FAR's frequency-aware loss).
  case sine
  /// 1 + (i + 1) / F
  case linear
  /// The sine weights the other way round.
  case reversed

  func value(_ level: Int, of top: Int) -> Float {
    func sine(_ level: Int) -> Float { 1 + sinf(.pi / 2 * Float(level + 1) / Float(top)) }
    return switch self {
    case .none: 1
    case .sine: sine(level)
    case .linear: 1 + Float(level + 1) / Float(top)
    case .reversed: sine(top - 1 - level)
    }
  }

  /// [batch, asked]; nil where all weigh the same.
  func tensor(of levels: [Int], top: Int, asked: Int) -> Tensor? {
    guard self != .none else { return nil }
    return Tensor([levels.count, asked], levels.flatMap { Array(repeating: value(min($0, top - 1), of: top), count: asked) })
  }
}

extension LowPass: Setting {}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(Frequency.self) }
