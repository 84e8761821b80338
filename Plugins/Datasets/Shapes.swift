import Autoregression
import Glibc
import Settings
import Tensors

/// Generated pictures of one large shape each: the data set that needs no file.
///
/// Picture i is the same for ever (for one size and seed); labels go round, so that classes are equally many.
struct Shapes: ImageDataset {
  static let key = "shapes"
  static let about = About(
    "Generated pictures of one large shape each, with labels and captions.", example: "count: 64")

  enum Kind: String, Setting, CaseIterable { case circle, square, triangle, ring, cross, diamond }

  let size: Int
  let count: Int
  let kinds: [Kind]
  let seed: Int

  init(_ settings: inout Settings) throws(SettingsError) {
    size = try settings["size", default: 32, in: 8...512, about: "pixels of a side"]
    count = try settings["count", default: 8192, in: 1...10_000_000, about: "how many pictures there are"]
    kinds = try settings[
      "classes", default: [.circle, .square, .triangle, .ring],
      about: "which shapes, in the order of labels: \(Kind.choices.joined(separator: ", "))"]
    seed = try settings["seed", default: 0, in: 0...Int(Int32.max), about: "of places, sizes and colours"]
    guard !kinds.isEmpty, Set(kinds).count == kinds.count else {
      throw settings.refusal("'classes' must name at least one shape, and none twice.", at: "classes")
    }
  }

  mutating func open() {}

  var shape: ImageShape { ImageShape(height: size, width: size) }
  var classNames: [String] { kinds.map(\.rawValue) }
  var files: [String] { [] }

  func batch(_ rows: [Int], flipped: [Bool]) -> Batch {
    let area = size * size * 3
    return Batch(
      images: Tensor(unfilled: [rows.count, size, size, 3]) { target in
        for (index, row) in rows.enumerated() {
          paint(row, flipped: flipped[index], into: target.baseAddress! + index * area)
        }
      }, labels: rows.map { $0 % kinds.count })
  }

  /// "a red circle on a dark ground"
  func caption(of row: Int) -> String {
    let look = look(row)
    return
      "a \(Self.colours[look.colour].name) \(kinds[row % kinds.count].rawValue) on a \(look.isDark ? "dark" : "light") ground"
  }

  /// Strong colours that stand off from both grounds.
  private static let colours: [(name: String, rgb: SIMD3<Float>)] = [
    ("red", [0.86, 0.2, 0.18]), ("green", [0.2, 0.66, 0.3]), ("blue", [0.2, 0.4, 0.86]),
    ("orange", [0.95, 0.55, 0.12]),
    ("purple", [0.6, 0.3, 0.75]), ("cyan", [0.1, 0.7, 0.75]),
  ]

  private struct Look { var x: Float, y: Float, radius: Float, colour: Int, isDark: Bool, ground: SIMD3<Float> }

  private func look(_ row: Int) -> Look {
    var random = Random(seed: UInt64(seed), samples: [row])
    let u = random.uniform([1, 8], "look").scalars
    let isDark = u[4] < 0.5, shade = isDark ? 0.08 + 0.12 * u[5] : 0.82 + 0.12 * u[5]
    return Look(
      x: 0.5 + 0.16 * (u[0] - 0.5), y: 0.5 + 0.16 * (u[1] - 0.5), radius: 0.28 + 0.1 * u[2],
      colour: min(Self.colours.count - 1, Int(u[3] * Float(Self.colours.count))), isDark: isDark,
      ground: SIMD3(repeating: shade))
  }

  private func paint(_ row: Int, flipped: Bool, into target: UnsafeMutablePointer<Float>) {
    let look = look(row), kind = kinds[row % kinds.count], colour = Self.colours[look.colour].rgb
    let pixel = 1 / Float(size)
    for y in 0..<size {
      for x in 0..<size {
        let across = (Float(flipped ? size - 1 - x : x) + 0.5) * pixel
        let distance = Self.distance(kind, across - look.x, (Float(y) + 0.5) * pixel - look.y, look.radius)
        // An edge one pixel wide stands for how much of the pixel is covered.
        let cover = min(1, max(0, 0.5 - distance / pixel)), mixed = look.ground + (colour - look.ground) * cover
        for c in 0..<3 { target[(y * size + x) * 3 + c] = mixed[c] * 2 - 1 }
      }
    }
  }

  /// Signed distance to the edge of a shape of about this radius at the origin: negative inside.
  private static func distance(_ kind: Kind, _ x: Float, _ y: Float, _ r: Float) -> Float {
    switch kind {
    case .circle: (x * x + y * y).squareRoot() - r
    case .square: max(abs(x), abs(y)) - 0.86 * r
    // Equal sides, point up, 1.2 r from the centre to a corner.
    case .triangle: max(y - 0.6 * r, 0.866 * abs(x) - 0.5 * y - 0.6 * r)
    case .ring: abs((x * x + y * y).squareRoot() - 0.78 * r) - 0.2 * r
    case .cross: min(max(abs(x) - 0.3 * r, abs(y) - r), max(abs(x) - r, abs(y) - 0.3 * r))
    case .diamond: (abs(x) + abs(y) - 1.1 * r) * 0.7071
    }
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(Shapes.self) }
