import Autoregression
import Glibc
import Settings
import Tensors

/// FAR's mask mechanism: part of the draft is hidden, in training, in sampling, or in both.
struct FrequencyMask: Sendable {
  enum Law: String, Setting, CaseIterable {
    /// Everything is shown.
    case none
    /// Share hidden: normal around 1, deviation 0.25, between least x level / top and 1 (released FAR).
    case levelTied = "level-tied"
    /// The same between `least` and 1 at every level (MAR).
    case truncated
    /// Always the share `least`.
    case fixed
  }
  enum Reveal: String, Setting, CaseIterable {
    case none
    /// floor(N cos(pi/2 k/K)) of N are hidden at turn k, the rest is shown, in one random order (MAR, MaskGIT).
    case cosine
  }
  let training: Law
  let least: Float
  let sampling: Reveal

  init(_ settings: inout Settings) throws(SettingsError) {
    training = try settings["training", default: .none, about: "how much of the draft training hides"]
    least = try settings["least", default: 0.7, in: 0...1, about: "the least share hidden"]
    sampling = try settings["sampling", default: .none, about: "how much of the draft sampling hides"]
  }

  var isUsed: Bool { training != .none || sampling != .none }

  /// Which slots training shows, of `count`.
  func trainingShown(of count: Int, level: Int, top: Int, _ random: inout Random) -> Selection {
    let share: Double
    switch training {
    case .none: return .all
    case .fixed: share = Double(least)
    case .truncated, .levelTied:
      let low = Double(least) * (training == .levelTied ? Double(level) / Double(top) : 1)
      share = low >= 1 ? 1 : random.truncatedNormal(mean: 1, deviation: 0.25, in: low...1, "mask-ratio")
    }
    return shown(hiding: Int((Double(count) * share).rounded(.up)), of: count, random)
  }

  /// Which slots a turn of a generation shows.
  func samplingShown(of count: Int, _ moment: Moment, _ random: Random) -> Selection {
    guard sampling == .cosine else { return .all }
    // As the released sampler counts: in single precision, and all of them at the first turn.
    let share = cosf(.pi / 2 * Float(moment.step) / Float(moment.steps))
    return shown(hiding: moment.step == 0 ? count : Int((Float(count) * share).rounded(.down)), of: count, random)
  }

  private func shown(hiding hidden: Int, of count: Int, _ random: Random) -> Selection {
    .each(random.orders(of: count, "order").map { $0[min(count, hidden)...].sorted() })
  }
}
