import Settings

/// The way an image is cut to a square: resized, cropped and perhaps mirrored.
///
/// The image is resized until its shorter side is `scale` times the side of the result, and a window is cut from it.
/// Released recipes are ranges of these numbers: ADM's centre crop (scale 1, x = y = 0.5), VAR's random crop (scale
/// 1.125, x and y uniform), ten-crop (the corners and the centre, each mirrored and not).
public struct Augmentation: Sendable, Hashable {
  /// The shorter side of the resized image over the side of the result, at least 1.
  public var scale: Float
  /// Position of the window in the horizontal slack: 0 left, 0.5 centre, 1 right.
  public var x: Float
  /// Position of the window in the vertical slack: 0 top, 0.5 centre, 1 bottom.
  public var y: Float
  /// True where the window is mirrored left to right.
  public var isFlipped: Bool

  /// A window; by default the centre of an image that is no larger than needed.
  public init(scale: Float = 1, x: Float = 0.5, y: Float = 0.5, isFlipped: Bool = false) {
    (self.scale, self.x, self.y, self.isFlipped) = (scale, x, y, isFlipped)
  }

  /// The centre crop, not mirrored.
  public static let none = Augmentation()
  /// The centre crop, mirrored.
  public static let flipped = Augmentation(isFlipped: true)

  /// True for a window that is the whole of a square image.
  public var isWholeSquare: Bool { scale == 1 }
}
