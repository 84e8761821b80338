import Settings

/// The way an image is cut to a square: resized, cropped and perhaps mirrored.
///
/// The image is resized until its shorter side is `scale` times the side of the result, rounded down, and a window is
/// cut from it. Released recipes are ranges of these numbers: ADM's centre crop (scale 1, x = y = 0.5), VAR's random
/// crop (scale 1.125, x and y uniform over the whole image), LlamaGen's ten-crop (scale 1.1, the corners and the centre
/// of the central square, each mirrored and not).
public struct Augmentation: Sendable, Hashable {
  /// The shorter side of the resized image over the side of the result, at least 1.
  public var scale: Float
  /// Position of the window in the horizontal slack: 0 left, 0.5 centre, 1 right.
  public var x: Float
  /// Position of the window in the vertical slack: 0 top, 0.5 centre, 1 bottom.
  public var y: Float
  /// True where the window lies in the central square of the resized image, false where anywhere in the image.
  public var isInSquare: Bool
  /// True where the window is mirrored left to right.
  public var isFlipped: Bool

  /// A window; by default the centre of an image that is no larger than needed.
  public init(scale: Float = 1, x: Float = 0.5, y: Float = 0.5, isInSquare: Bool = false, isFlipped: Bool = false) {
    (self.scale, self.x, self.y, self.isInSquare, self.isFlipped) = (scale, x, y, isInSquare, isFlipped)
  }

  /// The centre crop, not mirrored.
  public static let none = Augmentation()
  /// The centre crop, mirrored.
  public static let flipped = Augmentation(isFlipped: true)

  /// True for the centre crop, mirrored or not.
  public var isCentreCrop: Bool { scale == 1 && x == 0.5 && y == 0.5 }

  /// Returns this window, mirrored or not.
  public func flipped(_ isFlipped: Bool) -> Augmentation {
    var result = self
    result.isFlipped = isFlipped
    return result
  }
}
