import Autoregression
import Files
import Images
import Settings
import Storage
import Tensors

/// Images of one HDF5 file, as `overtone data import` writes it: kept in memory as bytes where they fit into `memory`,
/// else read by blocks, which are the file's chunks, of which memory keeps the last.
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
  let memoryLimit: Int
  private var file: ImageFile?
  /// All images [count, height, width, 3]; none where they do not fit into memory.
  private var pixels: [UInt8] = []
  /// The blocks [rows, height, width, 3] that were read last.
  private let blocks: BlockCache

  init(_ settings: inout Settings) throws(SettingsError) {
    path = try settings[required: "path", about: "path of the HDF5 file"]
    size = try settings[
      "size", default: 32, in: 1...4096,
      about: "height and width in pixels of the window that is cut from an image; at most those of the file"]
    classes = try settings[
      "classes", default: 10, in: 1...1_000_000, about: "number of classes; checked when the file is opened"]
    memoryLimit = try Memory.limit(&settings)
    blocks = BlockCache(limit: memoryLimit)
  }

  /// Reads all pixels where they fit into memory. Throws for a missing file, another size and another
  /// number of classes, each with a remedy.
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
    self.file = file
    guard let extent = Extent([file.count, file.height, file.width, 3]), extent.count <= memoryLimit else { return }
    do throws(StorageError) { pixels = try file.pixels(0..<file.count) } catch { throw DataError("\(error)") }
  }

  var shape: ImageShape { ImageShape(height: size, width: size) }
  var count: Int { file?.count ?? 0 }
  var classNames: [String] { file?.classNames ?? (0..<classes).map { "class \($0)" } }
  var heldOutRows: Range<Int>? { file?.heldOut }
  var isStreamed: Bool { pixels.isEmpty }
  var rowsReadTogether: Int { file?.rowsInChunk ?? 1 }
  var files: [String] { [path] }

  func batch(_ rows: [Int], augmented: [Augmentation]) throws(DataError) -> Batch {
    guard let file else { throw DataError("\(path): it was not opened.") }
    let area = file.height * file.width * 3
    return Batch(
      images: try Pixels.images(size: size, augmented) { index throws(DataError) in
        let (block, start) = try block(of: rows[index], in: file)
        return ByteImage(height: file.height, width: file.width, pixels: Array(block[start..<start + area]))
      },
      labels: rows.map { file.labels[$0] })
  }

  /// Returns bytes that hold a row, and the position of its first one.
  private func block(of row: Int, in file: ImageFile) throws(DataError) -> (bytes: [UInt8], start: Int) {
    let area = file.height * file.width * 3
    guard pixels.isEmpty else { return (pixels, row * area) }
    let number = row / file.rowsInChunk, first = number * file.rowsInChunk
    let bytes = try blocks.block(number) { () throws(DataError) in
      do throws(StorageError) { return try file.pixels(first..<min(file.count, first + file.rowsInChunk)) } catch {
        throw DataError("\(error)")
      }
    }
    return (bytes, (row - first) * area)
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(HDF5Images.self) }
