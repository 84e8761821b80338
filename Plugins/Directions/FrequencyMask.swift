import Autoregression
import Glibc
import Settings
import Tensors

/// FAR's mask mechanism: part of the draft is masked, in training, in sampling, or in both.
struct FrequencyMask: Sendable {
  /// The distribution of the mask ratio of training turns.
  enum Law: String, Setting, CaseIterable {
    /// Nothing is masked.
    case none
    /// Uniform in [min-ratio, 1].
    case uniform
    /// A normal distribution of mean 1 and standard deviation 0.25, truncated to [min-ratio, 1] (MAR; FAR's
    /// text-to-image code).
    case truncatedNormal = "truncated-normal"
    /// As `truncated-normal`, truncated to [min-ratio x level / top, 1]: low levels may show more (released FAR).
    case levelTied = "level-tied"
    /// Always `min-ratio`.
    case fixed
    /// cos(pi/2 u) for u uniform, at least `min-ratio`: the mask ratio at a random turn of a cosine schedule (MaskGIT,
    /// Chang et al. 2022, arXiv 2202.04200).
    case cosine

    static let renamedChoices = ["truncated": "truncated-normal"]
  }

  /// The mask ratio of the turns of a generation.
  enum Reveal: String, Setting, CaseIterable {
    case none
    /// floor(N cos(pi/2 k/K)) of N are masked at turn k, all at the first; the rest is shown, in one random order (MAR,
    /// after MaskGIT).
    case cosine
  }

  let training: Law
  let minRatio: Double
  let sampling: Reveal

  /// Reads the section `mask`, with the defaults of a preset.
  init(_ settings: inout Settings, _ preset: FrequencyPreset) throws(SettingsError) {
    training = try settings[
      "training", default: preset.trainingMask, about: "distribution of the mask ratio in training"]
    try settings.renamed("least", to: "min-ratio")
    minRatio = try settings[
      "min-ratio", default: training == .cosine ? 0 : 0.7, in: 0...1,
      about: "smallest mask ratio in training; with 'training: fixed' the ratio itself"]
    var sampled = settings.generationOnly
    sampling = try sampled[
      "sampling", default: preset.samplingMask,
      about: "mask ratio during sampling: none, or falling as a cosine over the steps (MAR)"]
  }

  var isUsed: Bool { training != .none || sampling != .none }

  /// The slots of `count` that a training turn shows.
  func trainingShown(of count: Int, level: Int, top: Int, _ random: inout Random) -> Selection {
    let hidden: Int
    switch training {
    case .none: return .all
    case .fixed: hidden = Int((Double(count) * minRatio).rounded())
    case .cosine:
      let ratio = max(minRatio, cos(.pi / 2 * Double(random.shared("mask-ratio"))))
      hidden = Int((Double(count) * ratio).rounded(.up))
    case .uniform:
      let ratio = minRatio + (1 - minRatio) * Double(random.shared("mask-ratio"))
      hidden = Int((Double(count) * ratio).rounded(.up))
    case .truncatedNormal, .levelTied:
      let lowest = training == .levelTied ? minRatio * Double(level) / Double(top) : minRatio
      let ratio =
        lowest >= 1 ? 1 : random.truncatedNormal(mean: 1, deviation: 0.25, in: lowest...1, "mask-ratio")
      hidden = Int((Double(count) * ratio).rounded(.up))
    }
    return shown(hiding: hidden, of: count, random)
  }

  /// The slots of `count` that a turn of a generation shows.
  func samplingShown(of count: Int, _ moment: Moment, _ random: Random) -> Selection {
    guard sampling == .cosine else { return .all }
    let ratio = cos(.pi / 2 * Double(moment.step) / Double(moment.steps))
    return shown(hiding: Int((Double(count) * ratio).rounded(.down)), of: count, random)
  }

  /// All but the first `hidden` of a random order, which is the same in all turns of one generation.
  private func shown(hiding hidden: Int, of count: Int, _ random: Random) -> Selection {
    .perSample(random.orders(of: count, "order").map { $0[min(count, hidden)...].sorted() })
  }
}
