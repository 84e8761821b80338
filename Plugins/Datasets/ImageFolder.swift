import Autoregression
import Images
import Settings
import Tensors

/// A folder with a folder of PNG or JPEG images for each class, as ImageNet lies on disks, or tar archives of such.
///
/// Where all images fit into `memory`, each is cropped at the centre and resized once, when the folder is opened, and
/// kept as bytes; where they do not, and for other windows, an image is decoded when it is needed. Labels count the
/// class folders in the order of their names; images lie below them at any depth: `LabelledImages.found`.
struct ImageFolder: ImageDataset {
  static let key = "image-folder"
  static let about = About(
    "A folder with a folder of PNG or JPEG images for each class, or tar archives of such.", example: "path: images")

  let path: String
  private let size: Int
  private let classes: Int
  let memoryLimit: Int
  private let skipsBad: Bool
  /// Paths and labels of the images; nil before the folder is opened.
  private var found: LabelledImages?
  /// Bytes of each image [size, size, 3]; none where they do not fit into memory.
  private var pixels: [[UInt8]] = []
  private(set) var notes: [String] = []

  init(_ settings: inout Settings) throws(SettingsError) {
    path = try settings[
      required: "path",
      about: "path of a folder that holds one folder per class, perhaps in 'train' and 'val', or tar archives: one, a "
        + "folder of them, or train-{000..009}.tar"]
    size = try settings[
      "size", default: 32, in: 1...4096, about: "height and width in pixels to which images are cropped and resized"]
    classes = try settings[
      "classes", default: 10, in: 1...1_000_000, about: "number of classes; checked when the folder is opened"]
    memoryLimit = try Memory.limit(&settings)
    skipsBad = try settings[
      "skip-bad", default: false,
      about: "leave out images that cannot be read instead of refusing them, where all images fit into 'memory'"]
  }

  /// Lists the folder, and reads all images where they fit into memory. Throws for a missing folder, one without images
  /// or with a class without any, another number of classes, and for images that were read and cannot be.
  mutating func open() throws(DataError) {
    let found: LabelledImages
    do throws(ImageError) { found = try .found(at: path) } catch { throw DataError("\(error)") }
    guard found.classNames.count == classes else {
      throw DataError(
        "\(path): it has \(found.classNames.count) class folders, the experiment says \(classes); "
          + "set dataset.classes=\(found.classNames.count)."
      )
    }
    pixels = []
    notes = found.leftOut.map { ["\(path): left out \($0)"] } ?? []
    self.found = found
    if found.entries.count * size * size * 3 <= memoryLimit { try readAll(found) }
  }

  /// Decodes all images, and leaves out or refuses those that cannot be read.
  private mutating func readAll(_ found: LabelledImages) throws(DataError) {
    var bad: [Int: ImageError] = [:]
    for index in found.entries.indices {
      do throws(ImageError) {
        pixels.append(try found.image(index).centreCropped(to: size).pixels)
      } catch { bad[index] = error }
    }
    guard !bad.isEmpty else { return }
    let list = LabelledImages.list(bad.sorted { $0.key < $1.key }.map(\.value), of: found.entries.count)
    guard skipsBad, !pixels.isEmpty else { throw DataError("\(list)") }
    notes.append("left out: \(list)")
    self.found = found.without(Set(bad.keys))
  }

  var shape: ImageShape { ImageShape(height: size, width: size) }
  var count: Int { found?.entries.count ?? 0 }
  var heldOutRows: Range<Int>? { found?.heldOut }
  var classNames: [String] { found?.classNames ?? (0..<classes).map { "class \($0)" } }
  var isStreamed: Bool { pixels.isEmpty }
  var files: [String] {
    guard let found else { return [] }
    return found.archives.isEmpty ? found.entries.map { "\(path)/\($0.source)" } : found.archives
  }

  func batch(_ rows: [Int], augmented: [Augmentation]) throws(DataError) -> Batch {
    guard let found else { throw DataError("\(path): it was not opened.") }
    return Batch(
      images: try Pixels.images(size: size, augmented) { index throws(DataError) in
        guard pixels.isEmpty || !augmented[index].isCentreCrop else {
          return ByteImage(height: size, width: size, pixels: pixels[rows[index]])
        }
        do throws(ImageError) { return try found.image(rows[index]) } catch {
          throw DataError("\("\(error)".dropLast()); replace or remove the image.")
        }
      },
      labels: rows.map { found.entries[$0].label })
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(ImageFolder.self) }
