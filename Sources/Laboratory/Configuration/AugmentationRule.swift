import Autoregression
import Settings
import Tensors

/// The augmentation of a training: which windows of an image it sees.
package struct AugmentationRule: Sendable, Equatable {
  /// The windows that are cut from a resized image.
  enum Crop: String, Setting, CaseIterable {
    /// The one at the centre (ADM; Dhariwal and Nichol 2021, arXiv 2105.05233).
    case center
    /// One anywhere in the image, each position with the same probability (VAR; Tian et al. 2024, arXiv 2404.02905).
    case random
    /// One of the four corners and the centre of the central square, each with probability 1/5; with `flip` the
    /// ten-crop of LlamaGen (Sun et al. 2024, arXiv 2406.06525).
    case five
  }

  /// The windows.
  let crop: Crop
  /// The shorter side of the resized image over the side of the result, drawn uniformly.
  let resize: ClosedRange<Float>
  /// True where each image is flipped horizontally with probability 1/2.
  let flips: Bool

  /// Reads the settings of the section `training`.
  package init(_ settings: inout Settings) throws(SettingsError) {
    crop = try settings[
      "crop", default: .center,
      about: "window of the resized image: at the centre, at random, or one of the corners and the centre"]
    let range: [Double] = try settings[
      "resize", default: [1, 1],
      about: "shorter side of the resized image over the side of the window, drawn from [low, high], 1 to 8; VAR: "
        + "[1.125, 1.125]"]
    guard range.count == 2, 1 <= range[0], range[0] <= range[1], range[1] <= 8 else {
      throw settings.refusal("'resize' must be two numbers [low, high] from 1 to 8, the lower one first.", at: "resize")
    }
    resize = Float(range[0])...Float(range[1])
    guard crop != .five || resize.lowerBound > 1 else {
      throw settings.refusal(
        "'crop: five' needs a 'resize' above 1, such as [1.1, 1.1]: without it all five windows are the same.",
        at: "crop")
    }
    flips = try settings["flip", default: false, about: "flip each image horizontally with probability 1/2"]
  }

  /// Draws an augmentation for each of `count` samples, from streams of each: neither threads nor the order of reading
  /// matter.
  package func draws(_ count: Int, _ random: inout Random) -> [Augmentation] {
    let mirrored = flips ? random.uniform([count], "flip").scalars.map { $0 < 0.5 } : []
    // [count, 2]: x and y; of the five windows x alone chooses.
    let positions = crop == .center ? [] : random.uniform([count, 2], "crop").scalars.map(\.self)
    let isRange = resize.lowerBound < resize.upperBound
    let scales = isRange ? random.uniform([count], "resize").scalars.map(\.self) : []
    return (0..<count).map { index in
      var window = windows[0]
      switch crop {
      case .center: break
      case .random: (window.x, window.y) = (positions[2 * index], positions[2 * index + 1])
      case .five: window = windows[min(4, Int(positions[2 * index] * 5))]
      }
      if isRange { window.scale += scales[index] * (resize.upperBound - resize.lowerBound) }
      return window.flipped(flips && mirrored[index])
    }
  }

  /// The windows at the smallest scale: five, or the centre.
  private var windows: [Augmentation] {
    let scale = resize.lowerBound
    guard crop == .five else { return [Augmentation(scale: scale)] }
    return [(0.5, 0.5), (0, 0), (1, 0), (0, 1), (1, 1)].map {
      Augmentation(scale: scale, x: $0.0, y: $0.1, isInSquare: true)
    }
  }

  /// All augmentations that are ever drawn, first those that are not mirrored; nil where they are more than a file of
  /// latents holds, as at random positions and scales.
  package var views: [Augmentation]? {
    guard crop != .random, resize.lowerBound == resize.upperBound else { return nil }
    return windows + (flips ? windows.map { $0.flipped(true) } : [])
  }

  /// The settings that a file of latents depends on beside its tokenizer, a line each: none for the centre crop.
  var recipe: [String] {
    (flips ? ["mirrored=true"] : []) + (crop == .center ? [] : ["crop=\(crop.rawValue)"])
      + (resize == 1...1 ? [] : ["resize=\(resize.lowerBound)"])
  }
}
