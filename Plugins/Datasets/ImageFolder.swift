import Autoregression
import Images
import Settings
import Tensors

/// A folder with a folder of PNG or JPEG images for each class, as ImageNet lies on disks.
///
/// Every image is cropped at the centre and resized once, when the folder is opened, and kept as bytes. Labels count
/// the class folders in the order of their names; images lie below them at any depth: `LabelledImages.folder`.
struct ImageFolder: ImageDataset {
  static let key = "image-folder"
  static let about = About("A folder with a folder of PNG or JPEG images for each class.", example: "path: images")

  let path: String
  private let size: Int
  private let classes: Int
  private let skipsBad: Bool
  /// Paths and labels of the images; nil before the folder is opened.
  private var found: LabelledImages?
  /// Bytes of each image [size, size, 3].
  private var pixels: [[UInt8]] = []
  private(set) var notes: [String] = []

  init(_ settings: inout Settings) throws(SettingsError) {
    path = try settings[required: "path", about: "path of the folder that holds one folder per class"]
    size = try settings[
      "size", default: 32, in: 1...4096, about: "height and width in pixels to which images are cropped and resized"]
    classes = try settings[
      "classes", default: 10, in: 1...1_000_000, about: "number of classes; checked when the folder is opened"]
    skipsBad = try settings[
      "skip-bad", default: false, about: "leave out images that cannot be read instead of refusing them"]
  }

  /// Lists the folder and reads all images. Throws for a missing folder, one without images or with a class without
  /// any, another number of classes, and, with the first of them, for images that cannot be read.
  mutating func open() throws(DataError) {
    let found: LabelledImages
    do throws(ImageError) { found = try .folder(path) } catch { throw DataError("\(error)") }
    guard found.classNames.count == classes else {
      throw DataError(
        "\(path): it has \(found.classNames.count) class folders, the experiment says \(classes); "
          + "set dataset.classes=\(found.classNames.count)."
      )
    }
    var bad: [Int: ImageError] = [:]
    pixels = []
    for index in found.entries.indices {
      do throws(ImageError) {
        pixels.append(try found.image(index).centreCropped(to: size).pixels)
      } catch { bad[index] = error }
    }
    notes = found.leftOut.map { ["\(path): left out \($0)"] } ?? []
    if !bad.isEmpty {
      let list = LabelledImages.list(bad.sorted { $0.key < $1.key }.map(\.value), of: found.entries.count)
      guard skipsBad, !pixels.isEmpty else { throw DataError("\(list)") }
      notes.append("left out: \(list)")
    }
    self.found = found.without(Set(bad.keys))
  }

  var shape: ImageShape { ImageShape(height: size, width: size) }
  var count: Int { found?.entries.count ?? 0 }
  var classNames: [String] { found?.classNames ?? (0..<classes).map { "class \($0)" } }
  var files: [String] { found?.entries.map { "\(path)/\($0.source)" } ?? [] }

  func batch(_ rows: [Int], augmented: [Augmentation]) throws(DataError) -> Batch {
    guard let found else { throw DataError("\(path): it was not opened.") }
    return Batch(
      images: try Pixels.images(size: size, augmented) { index throws(DataError) in
        guard !augmented[index].isCentreCrop else {
          return ByteImage(height: size, width: size, pixels: pixels[rows[index]])
        }
        do throws(ImageError) { return try found.image(rows[index]) } catch { throw DataError("\(error)") }
      },
      labels: rows.map { found.entries[$0].label })
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(ImageFolder.self) }
