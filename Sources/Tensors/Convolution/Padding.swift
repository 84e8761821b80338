/// Rows and columns of zeros around an image.
public struct Padding: Sendable {
  /// Rows above and below the image, columns to its left and right.
  public var top: Int, bottom: Int, left: Int, right: Int

  /// So many rows above and below the image, and columns to its left and right.
  public init(top: Int, bottom: Int, left: Int, right: Int) {
    self.top = top
    self.bottom = bottom
    self.left = left
    self.right = right
  }

  /// `count` rows or columns on every side.
  public static func all(_ count: Int) -> Padding { Padding(top: count, bottom: count, left: count, right: count) }

  /// One row below and one column to the right, as the autoencoders of latent diffusion halve an image (Rombach et
  /// al. 2022, arXiv 2112.10752).
  public static let belowRight = Padding(top: 0, bottom: 1, left: 0, right: 1)

  /// No zeros on any side.
  var isNone: Bool { top + bottom + left + right == 0 }
}
