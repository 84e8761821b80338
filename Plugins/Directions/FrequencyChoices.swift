import Glibc
import Settings
import Spectra
import Tensors

/// Defaults of the paper (version 1) or of its released code (the only release), where the two differ.
///
/// Every setting can be set beside a preset, and none changes with another setting.
enum FrequencyPreset: String, Setting, CaseIterable {
  /// An ideal filter, a level per image, levels spread evenly, the frequency-aware weight in the loss.
  case paper
  /// Area and bicubic filter, a level per batch, the list of the sampler without a mask, no weight (its weight cannot
  /// be switched on).
  case released
  /// `released` with the option `--mask`: the mask law of its training, and the list, the masks and the unfiltered step
  /// of its sampler with a mask.
  case releasedMask = "released-mask"

  var filter: LowPass { self == .paper ? .ideal : .areaBicubic }
  var trainingMask: FrequencyMask.Law { self == .releasedMask ? .levelTied : .none }
  var samplingMask: FrequencyMask.Reveal { self == .releasedMask ? .cosine : .none }
  var draw: LevelDraw { self == .paper ? .image : .batch }
  var weight: LevelWeight { self == .paper ? .sine : .none }

  /// The levels of a generation.
  ///
  /// Paper: ten, spread evenly, or as many as the grid has. Released: 0, 2, 3, ... 10, with a mask 0, 12, 12, 4, 5, ...
  /// 11, on 16 x 16 cells and scaled to larger grids; without a mask, grids of up to 10 cells a side go through all
  /// their levels.
  func levels(top: Int) -> [Int] {
    func scaled(_ levels: some Sequence<Int>) -> [Int] { levels.map { $0 * top / 16 } }
    func distinct(_ levels: [Int]) -> [Int] { Set(levels).filter { $0 > 0 }.sorted() }
    return switch self {
    case .paper: (0..<min(10, top)).map { $0 * top / min(10, top) }
    case .releasedMask: scaled([0, 12, 12]) + distinct(scaled(4...11))
    case .released: top <= 10 ? Array(0..<top) : [0] + distinct(top < 16 ? Array(2...10) : scaled(2...10))
    }
  }

  /// Turns whose draft is not filtered: the released sampler with a mask leaves out the filter after its first turn.
  func unfiltered(of turns: Int) -> [Int] { self == .releasedMask && turns > 1 ? [1] : [] }
}

/// The prediction target of a turn.
enum FrequencyTarget: String, Setting, CaseIterable {
  /// The full latent, at every level (FAR's simplification of the diffusion loss).
  case full
  /// The latent filtered to the next level.
  case nextLevel = "next-level"
  /// The difference of the next level and the sum of the levels before it.
  case band
}

/// The samples for which training draws one level.
enum LevelDraw: String, Setting, CaseIterable {
  case batch = "per-batch"
  case image = "per-image"

  static let renamedChoices = ["batch": "per-batch", "image": "per-image"]
}

/// The levels that training draws from.
enum DrawnLevels: String, Setting, CaseIterable { case all, listed }

/// The order of frequencies.
enum FirstFrequencies: String, Setting, CaseIterable {
  case low = "low-to-high"
  /// The other way round: level k shows what the levels below the top by k leave out. A control, not of the paper.
  case high = "high-to-low"

  static let renamedChoices = ["low": "low-to-high", "high": "high-to-low"]
}

/// The levels that a turn attends to.
enum LevelContext: String, Setting, CaseIterable {
  /// The last draft at the level of the turn (the released code).
  case current
  /// The drafts of all turns so far at their levels, one after another in the sequence: p(x_i | x_1 ... x_(i-1)) as the
  /// factorisation is written.
  case all
}

/// The use of level weights in training.
enum WeightUse: String, Setting, CaseIterable {
  /// As a factor of the loss.
  case factor
  /// As the probability of drawing the level, up to a constant: importance sampling, the same in expectation.
  case probability

  static let renamedChoices = ["chance": "probability"]
}

/// The loss weight of a level i of F.
enum LevelWeight: String, Setting, CaseIterable {
  case none
  /// 1 + sin(pi/2 (i + 1) / F): up to twice as much for high levels (FAR's frequency-aware loss).
  case sine
  /// 1 + (i + 1) / F
  case linear
  /// 2^((i + 1) / F)
  case exponential
  /// The sine weights the other way round.
  case reversed = "reversed-sine"

  static let renamedChoices = ["reversed": "reversed-sine"]

  func value(_ level: Int, of steps: Int) -> Double {
    func sine(_ level: Int) -> Double { 1 + sin(.pi / 2 * Double(level + 1) / Double(steps)) }
    return switch self {
    case .none: 1
    case .sine: sine(level)
    case .linear: 1 + Double(level + 1) / Double(steps)
    case .exponential: exp2(Double(level + 1) / Double(steps))
    case .reversed: sine(steps - 1 - level)
    }
  }

  /// Weights [batch, predicted] from the level of each sample; nil if all are 1.
  func tensor(of levels: [Int], steps: Int, count: Int) -> Tensor? {
    guard self != .none else { return nil }
    return Tensor(
      [levels.count, count], levels.flatMap { Array(repeating: Float(value($0, of: steps)), count: count) })
  }

  /// Weights [batch, levels x count] where every sample predicts `count` tokens of each level, one level after another.
  func tensor(of levels: [Int], steps: Int, perLevel count: Int, batch: Int) -> Tensor? {
    guard let row = tensor(of: levels, steps: steps, count: count)?.scalars else { return nil }
    return Tensor([batch, row.count], (0..<batch).flatMap { _ in row })
  }
}

extension LowPass: Setting {}
