import Autoregression
import Datasets
import Foundation
import Images
import Settings
import Storage
import Tensors
import Testing

/// The data set that YAML with a key `use` describes; nothing is opened.
private func dataset(_ yaml: String) throws -> any ImageDataset {
  var settings = try Settings(parsing: yaml, file: "data.yaml")
  let type = try Registry.linked().find("dataset", &settings, as: (any ImageDataset.Type).self)
  let dataset = try type.init(&settings)
  try settings.finish()
  return dataset
}

/// The message that opening the data set ends with.
private func opening(_ yaml: String) -> String {
  do {
    var dataset = try dataset(yaml)
    try dataset.open()
    return "no error"
  } catch { return "\(error)" }
}

/// Runs `body` with the path of an empty folder that is removed afterwards.
private func inFolder(_ body: (String) throws -> Void) throws {
  let folder = NSTemporaryDirectory() + "overtone-datasets-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}

/// Images [4, 4, 3] of which number i holds the bytes 48 i to 48 i + 47.
private func bytes(_ index: Int) -> [UInt8] { (0..<48).map { UInt8(48 * index + $0) } }

/// Bytes as a model sees them, mirrored left to right if `isFlipped`: [4, 4, 3].
private func seen(_ bytes: [UInt8], isFlipped: Bool = false) -> [Float] {
  bytes.indices.map { index in
    let (row, column, channel) = (index / 12, index / 3 % 4, index % 3)
    return Float(bytes[(row * 4 + (isFlipped ? 3 - column : column)) * 3 + channel]) / 127.5 - 1
  }
}

@Suite struct HDF5ImagesTests {
  private func write(to path: String) throws {
    try ImageFile.write(
      to: path, .init(height: 4, width: 4, labels: [1, 0, 1], classNames: ["a", "b"], sources: ["x", "y", "z"])
    ) { bytes($0) }
  }

  @Test("images come by number with their labels, mirrored where requested")
  func batches() throws {
    try inFolder { folder in
      let path = "\(folder)/images.h5"
      try write(to: path)
      var dataset = try dataset("{ use: hdf5, path: \(path), size: 4, classes: 2 }")
      try dataset.open()
      #expect(dataset.count == 3 && dataset.classNames == ["a", "b"] && dataset.files == [path])
      #expect(dataset.shape.height == 4 && dataset.shape.width == 4)
      let batch = try dataset.batch([2, 1], augmented: [.none, .flipped])
      #expect(batch.images.shape == [2, 4, 4, 3] && batch.labels == [1, 0])
      #expect(batch.images.scalars == seen(bytes(2)) + seen(bytes(1), isFlipped: true))
    }
  }

  @Test("before it is opened, a data set has the size and the classes of its settings and no images")
  func planned() throws {
    let dataset = try dataset("{ use: hdf5, path: /nowhere/images.h5, size: 4, classes: 2 }")
    #expect(dataset.count == 0 && dataset.classNames == ["class 0", "class 1"] && dataset.shape.height == 4)
    let error = #expect(throws: DataError.self) { try dataset.batch([0], augmented: [.none]) }
    #expect(error?.description == "/nowhere/images.h5: it was not opened.")
  }

  @Test("a file that is missing or does not fit the settings is refused with a remedy")
  func refusals() throws {
    try inFolder { folder in
      let path = "\(folder)/images.h5"
      #expect(
        opening("{ use: hdf5, path: \(path), size: 4, classes: 2 }")
          == "\(path): there is no such file; make it with 'overtone data import FOLDER \(path)'.")
      try write(to: path)
      #expect(opening("{ use: hdf5, path: \(path), size: 4, classes: 2 }") == "no error")
      #expect(
        opening("{ use: hdf5, path: \(path), size: 8, classes: 2 }")
          == "\(path): its images are 4x4, the experiment says 8x8; set dataset.size=4.")
      #expect(
        opening("{ use: hdf5, path: \(path), size: 4, classes: 3 }")
          == "\(path): it has 2 classes, the experiment says 3; set dataset.classes=2.")
      try Data("hello".utf8).write(to: URL(fileURLWithPath: path))
      #expect(
        opening("{ use: hdf5, path: \(path), size: 4, classes: 2 }") == "\(path): this is not an HDF5 file.")
    }
  }

  @Test("images that are larger than the window are cut like those of a folder")
  func larger() throws {
    try inFolder { folder in
      let path = "\(folder)/images.h5", pixels = (0..<180).map { UInt8($0) }
      try ImageFile.write(
        to: path, .init(height: 6, width: 10, labels: [0], classNames: ["a"], sources: ["x"])
      ) { _ in pixels }
      var dataset = try dataset("{ use: hdf5, path: \(path), size: 4, classes: 1 }")
      try dataset.open()
      let original = ByteImage(height: 6, width: 10, pixels: pixels)
      let window = Augmentation(scale: 1.25, x: 1, y: 0, isFlipped: true)
      let batch = try dataset.batch([0, 0], augmented: [.none, window])
      #expect(
        batch.images.scalars == seen(original.centreCropped(to: 4).pixels)
          + seen(original.cropped(to: 4, scale: 1.25, x: 1, y: 0).pixels, isFlipped: true))
    }
  }

  @Test("the path is required", arguments: ["hdf5", "image-folder"])
  func paths(_ use: String) {
    #expect(
      opening("use: \(use)\nsize: 4") == "data.yaml:1:1: the setting 'path' is missing.\n  1 | use: \(use)\n    | ^")
  }
}

@Suite struct ImageFolderTests {
  private func write(_ index: Int, to path: String) throws {
    let folder = path.split(separator: "/").dropLast().joined(separator: "/")
    try FileManager.default.createDirectory(atPath: "/\(folder)", withIntermediateDirectories: true)
    try ByteImage(height: 4, width: 4, pixels: bytes(index)).writePNG(to: path)
  }

  @Test("labels count the class folders by name, images lie at any depth, hidden folders are left out")
  func batches() throws {
    try inFolder { folder in
      try write(0, to: "\(folder)/b/x.png")
      try write(1, to: "\(folder)/a/z.png")
      try write(2, to: "\(folder)/a/nested/y.PNG")
      try write(3, to: "\(folder)/.hidden/x.png")
      try Data("notes".utf8).write(to: URL(fileURLWithPath: "\(folder)/a/notes.txt"))
      var dataset = try dataset("{ use: image-folder, path: \(folder), size: 4, classes: 2 }")
      #expect(dataset.count == 0 && dataset.classNames == ["class 0", "class 1"])
      try dataset.open()
      #expect(dataset.classNames == ["a", "b"] && dataset.count == 3)
      #expect(dataset.files == ["\(folder)/a/nested/y.PNG", "\(folder)/a/z.png", "\(folder)/b/x.png"])
      let batch = try dataset.batch([0, 2, 1], augmented: [.none, .flipped, .none])
      #expect(batch.labels == [0, 1, 0] && batch.images.shape == [3, 4, 4, 3])
      #expect(batch.images.scalars == seen(bytes(2)) + seen(bytes(0), isFlipped: true) + seen(bytes(1)))
    }
  }

  @Test("windows are cut from the image in the file, not from its centre")
  func windows() throws {
    try inFolder { folder in
      let original = ByteImage(height: 6, width: 10, pixels: (0..<180).map { UInt8($0) })
      try FileManager.default.createDirectory(atPath: "\(folder)/a", withIntermediateDirectories: true)
      try original.writePNG(to: "\(folder)/a/x.png")
      var dataset = try dataset("{ use: image-folder, path: \(folder), size: 4, classes: 1 }")
      try dataset.open()
      let window = Augmentation(scale: 1.25, x: 1, y: 0, isFlipped: true)
      #expect(
        try dataset.batch([0, 0], augmented: [.none, window]).images.scalars
          == seen(original.centreCropped(to: 4).pixels)
          + seen(original.cropped(to: 4, scale: 1.25, x: 1, y: 0).pixels, isFlipped: true))
    }
  }

  @Test("a folder without classes or images, and images that are none, are refused")
  func refusals() throws {
    try inFolder { folder in
      func refusal(_ name: String, classes: Int = 1) -> String {
        opening("{ use: image-folder, path: \(folder)/\(name), size: 4, classes: \(classes) }")
      }
      #expect(
        refusal("none") == "\(folder)/none: there is no such folder; name one that holds a folder of images per class.")
      try FileManager.default.createDirectory(atPath: "\(folder)/void", withIntermediateDirectories: true)
      #expect(
        refusal("void") == "\(folder)/void: there are no class folders in it; it should hold CLASS/image.png or .jpg.")
      try write(0, to: "\(folder)/flat/x.png")
      #expect(refusal("flat") == "no error")
      try write(0, to: "\(folder)/good/a/x.png")
      #expect(refusal("good") == "no error")
      #expect(
        refusal("good", classes: 3)
          == "\(folder)/good: it has 1 class folders, the experiment says 3; set dataset.classes=1.")
      try FileManager.default.createDirectory(atPath: "\(folder)/bare/a", withIntermediateDirectories: true)
      #expect(refusal("bare") == "\(folder)/bare: there are no PNG or JPEG images in its class folders.")
      try Data("hello".utf8).write(to: URL(fileURLWithPath: "\(folder)/good/a/y.png"))
      #expect(refusal("good") == "\(folder)/good/a/y.png: this is neither a PNG nor a JPEG image.")
      try Data().write(to: URL(fileURLWithPath: "\(folder)/good/a/z.png"))
      #expect(
        refusal("good") == """
          2 of 3 images cannot be read:
            \(folder)/good/a/y.png: this is neither a PNG nor a JPEG image.
            \(folder)/good/a/z.png: the file is empty.
          """)
      try FileManager.default.createDirectory(atPath: "\(folder)/good/b", withIntermediateDirectories: true)
      #expect(
        refusal("good", classes: 2)
          == "\(folder)/good: there are class folders without a PNG or JPEG image: b; remove them, or add images.")
    }
  }

  @Test("images that cannot be read are left out where the settings say so, and named with all else that is")
  func leftOut() throws {
    try inFolder { folder in
      for (index, name) in ["a/1", "a/2", "b/1"].enumerated() { try write(index, to: "\(folder)/\(name).png") }
      try Data("hello".utf8).write(to: URL(fileURLWithPath: "\(folder)/a/0.png"))
      try Data("hello".utf8).write(to: URL(fileURLWithPath: "\(folder)/a/x.webp"))
      var dataset = try dataset("{ use: image-folder, path: \(folder), size: 4, classes: 2, skip-bad: true }")
      try dataset.open()
      #expect(dataset.count == 3 && dataset.files == ["a/1", "a/2", "b/1"].map { "\(folder)/\($0).png" })
      #expect(
        dataset.notes == [
          "\(folder): left out 1 .webp (a/x.webp)",
          "left out: \(folder)/a/0.png: this is neither a PNG nor a JPEG image.",
        ])
      let batch = try dataset.batch([2, 0], augmented: [.none, .none])
      #expect(batch.labels == [1, 0] && batch.images.scalars == seen(bytes(2)) + seen(bytes(0)))
    }
  }
}
