import Autoregression
import Foundation
import Images
import Settings
import Tensors

/// A folder with a folder of PNG or JPEG images for each class, as ImageNet lies on disks.
///
/// Every image is cropped at the centre and resized once, when the folder is opened, and kept as bytes. Labels count
/// the class folders in the order of their names; images lie below them at any depth, with the endings png, jpg or
/// jpeg, in upper or lower case. Names that begin with a dot are left out.
struct ImageFolder: ImageDataset {
  static let key = "image-folder"
  static let about = About("A folder with a folder of PNG or JPEG images for each class.", example: "path: images")

  let path: String
  private let size: Int
  private let classes: Int
  /// Names of the class folders, sorted.
  private var names: [String] = []
  /// Paths and labels of the images: by class, then sorted by name, folder by folder.
  private var found: [(path: String, label: Int)] = []
  /// Bytes of each image [size, size, 3].
  private var pixels: [[UInt8]] = []

  init(_ settings: inout Settings) throws(SettingsError) {
    path = try settings[required: "path", about: "path of the folder that holds one folder per class"]
    size = try settings[
      "size", default: 32, in: 1...4096, about: "height and width in pixels to which images are cropped and resized"]
    classes = try settings[
      "classes", default: 10, in: 1...1_000_000, about: "number of classes; checked when the folder is opened"]
  }

  /// Lists the folder and reads all images. Throws for a missing folder, one without class folders or images, another
  /// number of classes, and for the first image that cannot be read.
  mutating func open() throws(DataError) {
    let manager = FileManager.default
    func list(_ path: String) -> [String] {
      ((try? manager.contentsOfDirectory(atPath: path)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
    }
    func isFolder(_ path: String) -> Bool {
      var isFolder: ObjCBool = false
      return manager.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }
    guard isFolder(path) else {
      throw DataError("\(path): there is no such folder; name one that holds a folder of images per class.")
    }
    names = list(path).filter { isFolder("\(path)/\($0)") }
    guard !names.isEmpty else {
      throw DataError("\(path): there are no class folders in it; it should hold CLASS/image.png or .jpg.")
    }
    guard names.count == classes else {
      throw DataError(
        "\(path): it has \(names.count) class folders, the experiment says \(classes); "
          + "set dataset.classes=\(names.count)."
      )
    }
    func collect(_ folder: String, _ label: Int) {
      for name in list(folder) {
        let inner = "\(folder)/\(name)"
        if isFolder(inner) {
          collect(inner, label)
        } else if ["png", "jpg", "jpeg"].contains(name.split(separator: ".").last?.lowercased()) {
          found.append((inner, label))
        }
      }
    }
    found = []
    for (label, name) in names.enumerated() { collect("\(path)/\(name)", label) }
    guard !found.isEmpty else { throw DataError("\(path): there are no PNG or JPEG images in its class folders.") }
    do throws(ImageError) {
      pixels = []
      for image in found { pixels.append(try ByteImage.read(image.path).centreCropped(to: size).pixels) }
    } catch { throw DataError("\(error)") }
  }

  var shape: ImageShape { ImageShape(height: size, width: size) }
  var count: Int { found.count }
  var classNames: [String] { names.isEmpty ? (0..<classes).map { "class \($0)" } : names }
  var files: [String] { found.map(\.path) }

  func batch(_ rows: [Int], flipped: [Bool]) -> Batch {
    Batch(images: images(rows, flipped: flipped, size: size) { pixels[$0][...] }, labels: rows.map { found[$0].label })
  }
}

@section("overtone_parts") @used private let registration: Registration = { $0.registry.add(ImageFolder.self) }
