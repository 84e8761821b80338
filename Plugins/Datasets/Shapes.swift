import Autoregression
import Images
import Settings
import Tensors

/// Generated images of one large shape each: the data set that needs no file.
///
/// Image i is the same for ever (for one size, seed and list of classes), whatever batch it comes in; labels go round,
/// so that classes are equally many. Images are rendered on each access, in some 20 microseconds each.
package struct Shapes: ImageDataset {
  /// The word of `use` in an experiment file.
  package static let key = "shapes"
  /// The sentence and the example of lists of components.
  package static let about = About(
    "Generated images of one large shape each, with labels and captions.", example: "count: 64")

  /// Height and width in pixels.
  let size: Int
  /// Number of images to train on, 1 to 10 million; as many more are held out.
  let trainCount: Int
  /// The shapes in the order of their labels, none twice.
  let kinds: [ShapeKind]
  /// Seed of all draws; image i has the stream of sample i.
  let seed: Int
  let backgrounds: Backgrounds

  /// The brightness of the background.
  package enum Backgrounds: String, Setting, CaseIterable {
    /// Grey of 0.08 to 0.20, with 1 as white.
    case dark
    /// Grey of 0.82 to 0.94.
    case light
    /// Each with probability one half.
    case both
  }

  /// Reads size, count, classes, seed and backgrounds; throws where no class, or one of them twice, is named.
  package init(_ settings: inout Settings) throws(SettingsError) {
    size = try settings["size", default: 32, in: 8...512, about: "image height and width in pixels"]
    trainCount = try settings[
      "count", default: 8192, in: 1...10_000_000, about: "number of images to train on; as many others are held out"]
    kinds = try settings[
      "classes", default: [.circle, .square, .triangle, .ring],
      about: "the shapes, in the order of their labels: \(ShapeKind.choices.joined(separator: ", "))"]
    seed = try settings[
      "seed", default: 0, in: 0...Int(Int32.max), about: "random seed of positions, sizes and colours"]
    try settings.renamed("grounds", to: "backgrounds")
    backgrounds = try settings["backgrounds", default: .both, about: "brightness of the background behind each shape"]
    guard !kinds.isEmpty, Set(kinds).count == kinds.count else {
      throw settings.refusal("'classes' must name at least one shape, and none twice.", at: "classes")
    }
  }

  /// Opens nothing: there is no file.
  package mutating func open() {}

  /// Width and height are equal.
  package var shape: ImageShape { ImageShape(height: size, width: size) }
  /// Names of the shapes in the order of their labels.
  package var classNames: [String] { kinds.map(\.rawValue) }
  /// Of both splits.
  package var count: Int { 2 * trainCount }
  /// The second half.
  package var heldOutRows: Range<Int>? { trainCount..<2 * trainCount }
  /// No files.
  package var files: [String] { [] }

  /// Renders images by number: [rows, size, size, 3] in [-1, 1]. Row i has label i modulo the number of classes.
  package func batch(_ rows: [Int], augmented: [Augmentation]) -> Batch {
    // All draws first, on one thread; then the images in parallel, each into its part of the bytes.
    let looks = looks(of: rows), area = size * size * 3
    let bytes = [UInt8](unsafeUninitializedCapacity: rows.count * area) { target, count in
      ThreadPool.shared.split(rows.count, grain: 8) { part in
        for index in part { render(looks[index], into: target.baseAddress! + index * area) }
      }
      count = rows.count * area
    }
    let labels = rows.map { $0 % kinds.count }
    guard !augmented.allSatisfy(\.isCentreCrop) else {
      return Batch(
        images: Pixels(height: size, width: size, bytes: bytes).images(flipped: augmented.map(\.isFlipped)),
        labels: labels)
    }
    let images = Pixels.images(size: size, augmented) { index in
      ByteImage(height: size, width: size, pixels: Array(bytes[index * area..<(index + 1) * area]))
    }
    return Batch(images: images, labels: labels)
  }

  /// "a red circle on a dark ground"
  package func caption(of row: Int) -> String {
    let look = looks(of: [row])[0], colour = Self.colours[look.colour].name
    let article = "aeiou".contains(colour.prefix(1)) ? "an" : "a"
    return "\(article) \(colour) \(look.kind.rawValue) on a \(look.isDark ? "dark" : "light") ground"
  }

  /// Strong colours that stand off from both grounds.
  private static let colours: [(name: String, rgb: SIMD3<Float>)] = [
    ("red", [0.86, 0.2, 0.18]), ("green", [0.2, 0.66, 0.3]), ("blue", [0.2, 0.4, 0.86]),
    ("orange", [0.95, 0.55, 0.12]), ("purple", [0.6, 0.3, 0.75]), ("cyan", [0.1, 0.7, 0.75]),
  ]

  /// Everything that is to be known of an image; lengths in sides of the image.
  private struct Look {
    var kind: ShapeKind
    var x: Float
    var y: Float
    var radius: Float
    var colour: Int
    var isDark: Bool
    var ground: SIMD3<Float>
  }

  /// Draws the looks of some images: six uniform numbers each [rows, 6], for x, y, radius, colour, ground and its
  /// brightness.
  private func looks(of rows: [Int]) -> [Look] {
    var random = Random(seed: UInt64(seed), samples: rows)
    let draws = random.uniform([rows.count, 6], "look").scalars
    return rows.enumerated().map { index, row in
      let u = draws[6 * index..<6 * index + 6].map { $0 },
        isDark = backgrounds == .both ? u[4] < 0.5 : backgrounds == .dark
      // Between 0.28 and 0.38 sides large and at most 0.08 off the centre: large, and never cut off.
      return Look(
        kind: kinds[row % kinds.count], x: 0.42 + 0.16 * u[0], y: 0.42 + 0.16 * u[1], radius: 0.28 + 0.1 * u[2],
        colour: min(Self.colours.count - 1, Int(u[3] * Float(Self.colours.count))), isDark: isDark,
        ground: SIMD3(repeating: isDark ? 0.08 + 0.12 * u[5] : 0.82 + 0.12 * u[5]))
    }
  }

  /// Renders one image into bytes [size, size, 3]; 255 of a linear blend of ground and colour, rounded.
  private func render(_ look: Look, into target: UnsafeMutablePointer<UInt8>) {
    let colour = Self.colours[look.colour].rgb, step = 1 / Float(size)
    for row in 0..<size {
      let y = (Float(row) + 0.5) * step - look.y
      for column in 0..<size {
        let distance = look.kind.distance((Float(column) + 0.5) * step - look.x, y, radius: look.radius)
        // An edge one pixel wide stands for how much of the pixel is covered.
        let cover = min(1, max(0, 0.5 - distance * Float(size)))
        let blended = (look.ground + (colour - look.ground) * cover) * 255 + 0.5
        for channel in 0..<3 { target[(row * size + column) * 3 + channel] = UInt8(blended[channel]) }
      }
    }
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(Shapes.self) }
