import Autoregression
import Files
import Images
import Settings
import Storage
import Tensors

/// Images of one HDF5 file, as `overtone data import` writes it; kept in memory as bytes.
///
/// The file holds /images [sample, row, column, channel] as uint8, and may hold /label [sample] as int64 and
/// /class_name [class] as text: `Storage.ImageFile`. Its number of classes must be that of the settings, and its images
/// no smaller than those say, which a plan relies on before any file is opened; larger ones are cut like those of a
/// folder.
struct HDF5Images: ImageDataset {
  static let key = "hdf5"
  static let about = About(
    "Images of one HDF5 file, as 'overtone data import' writes it.", example: "path: images.h5")

  /// Path of the file, relative to the working directory.
  let path: String
  private let size: Int
  private let classes: Int
  private var file: ImageFile?
  /// All images [count, height, width, 3].
  private var pixels: [UInt8] = []

  init(_ settings: inout Settings) throws(SettingsError) {
    path = try settings[required: "path", about: "path of the HDF5 file"]
    size = try settings[
      "size", default: 32, in: 1...4096,
      about: "height and width in pixels of the window that is cut from an image; at most those of the file"]
    classes = try settings[
      "classes", default: 10, in: 1...1_000_000, about: "number of classes; checked when the file is opened"]
  }

  /// Reads all pixels. Throws for a missing file, another size and another number of classes, each with a remedy.
  mutating func open() throws(DataError) {
    let file: ImageFile
    do throws(StorageError) { file = try ImageFile(path) } catch {
      if case .missing = error {
        throw DataError("\(path): there is no such file; make it with 'overtone data import FOLDER \(path)'.")
      }
      throw DataError("\(error)")
    }
    guard file.height >= size, file.width >= size else {
      throw DataError(
        "\(path): its images are \(file.height)x\(file.width), the experiment says \(size)x\(size); "
          + "set dataset.size=\(min(file.height, file.width))."
      )
    }
    if let row = file.labels.firstIndex(where: { $0 >= classes }) {
      throw DataError(
        "\(path): 'label' is \(file.labels[row]) in row \(row), the experiment says \(classes) classes, from 0 to "
          + "\(classes - 1); set dataset.classes=\(file.classNames.count)."
      )
    }
    guard file.classNames.count == classes else {
      throw DataError(
        "\(path): it has \(file.classNames.count) classes, the experiment says \(classes); "
          + "set dataset.classes=\(file.classNames.count)."
      )
    }
    guard Extent([file.count, file.height, file.width, 3])?.fitsMemory(elementSize: 1) == true else {
      throw DataError(
        "\(path): its \(file.count) images of \(file.height)x\(file.width) are more than this machine's memory holds.")
    }
    do throws(StorageError) { pixels = try file.pixels(0..<file.count) } catch { throw DataError("\(error)") }
    self.file = file
  }

  var shape: ImageShape { ImageShape(height: size, width: size) }
  var count: Int { file?.count ?? 0 }
  var classNames: [String] { file?.classNames ?? (0..<classes).map { "class \($0)" } }
  var files: [String] { [path] }

  func batch(_ rows: [Int], augmented: [Augmentation]) throws(DataError) -> Batch {
    guard let file else { throw DataError("\(path): it was not opened.") }
    let area = file.height * file.width * 3
    return Batch(
      images: Pixels.images(size: size, augmented) { index in
        ByteImage(
          height: file.height, width: file.width, pixels: Array(pixels[rows[index] * area..<(rows[index] + 1) * area]))
      },
      labels: rows.map { file.labels[$0] })
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(HDF5Images.self) }
