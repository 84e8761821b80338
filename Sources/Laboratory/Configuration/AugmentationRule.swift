import Autoregression
import Settings
import Tensors

/// The augmentation of a training: which windows of an image it sees.
struct AugmentationRule: Sendable {
  /// True where each image is flipped horizontally with probability 1/2.
  let flips: Bool

  /// Reads the settings of the section `training`.
  init(_ settings: inout Settings) throws(SettingsError) {
    flips = try settings["flip", default: false, about: "flip each image horizontally with probability 1/2"]
  }

  /// Draws an augmentation for each of `count` samples, from the stream of each: neither threads nor the order of
  /// reading matter.
  func draws(_ count: Int, _ random: inout Random) -> [Augmentation] {
    guard flips else { return Array(repeating: .none, count: count) }
    return random.uniform([count], "flip").scalars.map { $0 < 0.5 ? .flipped : .none }
  }
}
