import Glibc
import Settings

/// The shapes that can be drawn: each a signed distance, from which its area follows.
enum ShapeKind: String, Setting, CaseIterable {
  case circle, square, triangle, ring, cross, diamond, star

  /// The distance of (x, y) from the edge of a shape of about this radius at the origin, y downwards: negative inside.
  ///
  /// Exact along straight and round edges, which is all that an antialiased image needs. No shape reaches much beyond
  /// its radius.
  func distance(_ x: Float, _ y: Float, radius: Float) -> Float {
    switch self {
    case .circle: return (x * x + y * y).squareRoot() - radius
    case .square: return max(abs(x), abs(y)) - 0.86 * radius
    // Equal sides, point up, as high above the origin as below: 0.56 radii from the middle to a side.
    case .triangle:
      let down = y - 0.28 * radius
      return max(down, 0.866_025_4 * abs(x) - 0.5 * down) - 0.56 * radius
    case .ring: return abs((x * x + y * y).squareRoot() - 0.78 * radius) - 0.2 * radius
    case .cross:
      let upright = max(abs(x) - 0.3 * radius, abs(y) - radius)
      return min(upright, max(abs(x) - radius, abs(y) - 0.3 * radius))
    case .diamond: return (abs(x) + abs(y) - radius) * 0.707_106_8
    case .star: return Self.star(x, y, outer: radius, inner: 0.45 * radius)
    }
  }

  /// A star of five points, one up, by symmetry: every point (x, y) is rotated and mirrored onto one half of the upper
  /// point of the star, which is a single straight edge.
  private static func star(_ x: Float, _ y: Float, outer: Float, inner: Float) -> Float {
    let fifth = 2 * Float.pi / 5
    let turn = atan2f(abs(x), -y), away = abs(turn - fifth * (turn / fifth).rounded())
    let length = (x * x + y * y).squareRoot(), across = length * sinf(away), up = length * cosf(away)
    // The edge runs from the point at (0, outer) to the notch half a fifth further round.
    let notch = (across: inner * sinf(fifth / 2), up: inner * cosf(fifth / 2))
    let run = notch.across, rise = notch.up - outer
    // The signed distance of (across, up) from the line through both ends, by the cross product with its direction.
    return ((up - outer) * run - across * rise) / (run * run + rise * rise).squareRoot()
  }
}
