import Autoregression
import Datasets
import Glibc
import Settings
import Tensors
import Testing

/// The data set that this YAML describes.
private func shapes(_ yaml: String) throws -> Shapes {
  var settings = try Settings(parsing: yaml, file: "shapes.yaml")
  let dataset = try Shapes(&settings)
  try settings.finish()
  return dataset
}

private func message(_ yaml: String) -> String {
  do {
    _ = try shapes(yaml)
    return "no error"
  } catch { return String("\(error)".prefix { $0 != "\n" }) }
}

@Suite("Shapes")
struct ShapesTests {
  @Test("eight thousand images of thirty-two pixels without a file")
  func defaults() throws {
    let dataset = try shapes("{}")
    #expect(
      dataset.count == 16_384 && dataset.heldOutRows == 8192..<16_384 && dataset.shape.height == 32
        && dataset.shape.width == 32)
    #expect(dataset.classNames == ["circle", "square", "triangle", "ring"] && dataset.files == [])
  }

  @Test("an image is the same in every batch and on any number of threads", arguments: [0, 1, 77])
  func same(_ seed: Int) throws {
    let dataset = try shapes("{seed: \(seed)}"), rows = Array(0..<100)
    let all = dataset.batch(rows, augmented: rows.map { _ in .none }).images
    let alone = dataset.batch([41], augmented: [.none]).images
    #expect(all.sliced(41..<42, axis: 0).scalars == alone.scalars)
    let reversed = dataset.batch(rows.reversed(), augmented: rows.map { _ in .none }).images
    #expect(reversed.sliced(58..<59, axis: 0).scalars == alone.scalars)
    #expect(try shapes("{seed: \(seed + 1)}").batch([41], augmented: [.none]).images.scalars != alone.scalars)
  }

  @Test("a flipped image is its mirror image, and only where requested")
  func flipped() throws {
    let dataset = try shapes("{size: 16}")
    let plain = dataset.batch([5, 6], augmented: [.none, .none]).images.scalars
    let mirrored = dataset.batch([5, 6], augmented: [.flipped, .none]).images.scalars
    let area = 16 * 16 * 3
    for offset in 0..<area {
      let (row, column, channel) = (offset / 48, offset / 3 % 16, offset % 3)
      #expect(mirrored[offset] == plain[(row * 16 + 15 - column) * 3 + channel])
    }
    #expect(Array(mirrored[area...]) == Array(plain[area...]) && mirrored[..<area] != plain[..<area])
  }

  @Test("classes are equally many and go round")
  func balance() throws {
    let dataset = try shapes("{classes: [ring, star, cross], count: 9}")
    #expect(
      dataset.batch(Array(0..<9), augmented: Array(repeating: .none, count: 9)).labels == [0, 1, 2, 0, 1, 2, 0, 1, 2])
    #expect(dataset.classNames == ["ring", "star", "cross"])
  }

  @Test(
    "no shape is cut off by the border, and each stands off from its ground",
    arguments: ["circle", "square", "triangle", "ring", "cross", "diamond", "star"])
  func readable(_ kind: String) throws {
    let dataset = try shapes("{classes: [\(kind)]}"), rows = Array(0..<200)
    let images = dataset.batch(rows, augmented: rows.map { _ in .none }).images.scalars
    for row in rows {
      func pixel(_ y: Int, _ x: Int) -> [Float] { (0..<3).map { images[((row * 32 + y) * 32 + x) * 3 + $0] } }
      let ground = pixel(0, 0)
      for i in 0..<32 { #expect([pixel(0, i), pixel(31, i), pixel(i, 0), pixel(i, 31)].allSatisfy { $0 == ground }) }
      let covered = (0..<1024).filter { offset in
        zip(pixel(offset / 32, offset % 32), ground).contains { abs($0 - $1) > 0.25 }
      }
      #expect((100...600).contains(covered.count), "\(kind) \(row) covers \(covered.count) of 1024 pixels")
    }
  }

  @Test("the area of a circle is that of its radius, whatever the size of the pixels", arguments: [16, 32, 64])
  func antialiased(_ size: Int) throws {
    let large = try shapes("{classes: [circle], size: 256}").batch([3], augmented: [.none]).images
    let small = try shapes("{classes: [circle], size: \(size)}").batch([3], augmented: [.none]).images
    // Bytes are steps of 1/128; the mean of an image is far finer.
    #expect(abs(large.mean.scalar - small.mean.scalar) < 2e-3)
  }

  @Test("numbers are those of bytes, in [-1, 1]")
  func bytes() throws {
    let images = try shapes("{}").batch([0, 1, 2], augmented: [.none, .flipped, .none]).images
    for value in images.scalars { #expect(abs((value + 1) * 127.5 - ((value + 1) * 127.5).rounded()) < 1e-4) }
    #expect(images.extent.lowerBound >= -1 && images.extent.upperBound <= 1)
  }

  @Test("captions say what is to be seen")
  func captions() throws {
    let dataset = try shapes("{}"), captions = (0..<64).map { dataset.caption(of: $0) }
    #expect(
      captions[..<4] == [
        "a cyan circle on a light ground", "a cyan square on a light ground", "a red triangle on a light ground",
        "a green ring on a dark ground",
      ])
    #expect(captions.contains { $0.hasPrefix("an orange ") } && !captions.contains { $0.hasPrefix("a orange ") })
    // A dark ground is dark in the corner.
    let corners = dataset.batch(Array(0..<64), augmented: Array(repeating: .none, count: 64)).images.scalars
    for row in 0..<64 { #expect((corners[row * 3072] < 0) == captions[row].hasSuffix("on a dark ground")) }
  }

  @Test("settings that make no data set are refused with their location")
  func refusals() {
    let twice = "'classes' must name at least one shape, and none twice."
    #expect(message("classes: [circle, circle]") == "shapes.yaml:1:1: \(twice)")
    #expect(message("classes: []") == "shapes.yaml:1:1: \(twice)")
    #expect(message("size: 4") == "shapes.yaml:1:7: 'size' must be from 8 to 512, not 4.")
    #expect(
      message("classes: [circel]") == "shapes.yaml:1:10: 'classes' must be a list, each one of circle, square, "
        + "triangle, ring, cross, diamond, star, not a list.")
  }

  @Test("backgrounds are dark, light or both, in images as in captions", arguments: ["dark", "light"])
  func backgrounds(_ brightness: String) throws {
    let dataset = try shapes("{size: 16, backgrounds: \(brightness)}"), rows = Array(0..<32)
    let images = dataset.batch(rows, augmented: rows.map { _ in .none }).images.scalars
    for row in rows {
      #expect((images[row * 768] < 0) == (brightness == "dark"))
      #expect(dataset.caption(of: row).hasSuffix(" on a \(brightness) ground"))
    }
  }

  @Test("the former name of a key and unknown backgrounds are refused")
  func keys() {
    #expect(message("grounds: dark") == "shapes.yaml:1:1: 'grounds' is called 'backgrounds' now.")
    #expect(
      message("backgrounds: dim")
        == "shapes.yaml:1:14: 'backgrounds' must be one of dark, light, both, not 'dim'.")
    #expect(message("count: 0") == "shapes.yaml:1:8: 'count' must be from 1 to 10000000, not 0.")
    #expect(message("seed: -1") == "shapes.yaml:1:7: 'seed' must be from 0 to 2147483647, not -1.")
  }

  @Test("a whole epoch is drawn in well under a second")
  func speed() throws {
    let dataset = try shapes("{}"), start = clock()
    for first in stride(from: 0, to: 8192, by: 64) {
      _ = dataset.batch(Array(first..<first + 64), augmented: Array(repeating: .none, count: 64))
    }
    let seconds = Double(clock() - start) / Double(CLOCKS_PER_SEC)
    #expect(seconds < 1, "8192 images took \(seconds) s of processor time")
  }
}
