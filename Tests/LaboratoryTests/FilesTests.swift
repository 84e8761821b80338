import Autoregression
import Foundation
import Images
import Laboratory
import ProgramSupport
import Storage
import Tensors
import Testing

@Suite struct ForeignScaleTests {
  private let scratch = Scratch()
  private var file: String { "\(scratch.path)/foreign.h5" }

  /// Writes a matrix [2, 3] whose second axis has a scale of two labels.
  private func writeMatrix() throws {
    try Writer.replacing(file) {
      try $0.write(
        [1, 2, 3, 4, 5, 6] as [Double], "matrix", shape: [2, 3], axes: [Axis("row"), Axis("band", .texts(["a", "b"]))])
    }
  }

  @Test("a scale of another length than its axis is refused with both lengths")
  func matrix() throws {
    try writeMatrix()
    #expect(
      message { _ = try Export(file, only: ["matrix"]).write(to: "\(scratch.path)/t.csv", index: nil, columns: nil) }
        == "\(file): '/band' has shape [2], not [3].")
    #expect(!Folder.exists("\(scratch.path)/t.csv"))
  }

  @Test("a table along a scale that is shorter than its columns is refused with both lengths")
  func column() throws {
    try Writer.replacing(file) {
      try $0.write([1, 2, 3] as [Double], "power", axes: [Axis("band", .texts(["a", "b"]))])
      try $0.write([4, 5, 6] as [Double], "phase", axes: [Axis("band", .texts(["a", "b"]))])
    }
    #expect(
      message { _ = try Export(file, only: []).write(to: "\(scratch.path)/t.csv", index: nil, columns: nil) }
        == "\(file): '/band' has shape [2], not [3].")
  }

  @Test("metrics whose values and steps differ in number are refused with both numbers")
  func metrics() throws {
    try Writer.replacing(file) {
      try $0.attribute("file_type", "metrics")
      try $0.write([1, 2, 3] as [Double], "train/loss_step", axes: [Axis("train/a")])
      try $0.write([0.5, 0.25] as [Double], "train/loss", axes: [Axis("train/b")])
    }
    #expect(
      message { _ = try Export(file, only: []).write(to: "\(scratch.path)/m.csv", index: nil, columns: nil) }
        == "\(file): 'train/loss' has shape [2], not [3].")
  }
}

@Suite struct InspectionTests {
  @Test("a file's tree has kinds, axes, scales and attributes, as text and as JSON")
  func tree() throws {
    let scratch = Scratch(), file = "\(scratch.path)/a.h5"
    try Writer.replacing(file) {
      try $0.attribute("file_type", "samples")
      try $0.attribute("note", "say \"x\"")
      try $0.write([1, 2, 3] as [Double], "group/power", axes: [Axis("band", .texts(["a", "b", "c"]))])
    }
    let text = try Inspection(file).text
    #expect(text.hasPrefix("\(file), samples\n") && text.contains("  @note = \"say \\\"x\\\"\"\n"))
    #expect(text.contains("group/\n") && text.contains("    power  float64 (band 3)\n"), "\(text)")
    let json = try #require(
      try JSONSerialization.jsonObject(with: Data(try Inspection(file).json.utf8)) as? [String: Any])
    let content = try #require(json["content"] as? [[String: Any]])
    let power = try #require(content.first { $0["path"] as? String == "/group/power" })
    #expect(power["shape"] as? [Int] == [3] && power["axes"] as? [String] == ["band"])
    #expect(power["isScale"] as? Bool == false)
  }

  @Test("a file that is not HDF5 is refused in a sentence")
  func refused() throws {
    let scratch = Scratch()
    try scratch.write("text", "a.h5")
    #expect(message { _ = try Inspection("\(scratch.path)/a.h5") }?.hasPrefix("\(scratch.path)/a.h5: ") == true)
  }
}

@Suite struct ImageImportTests {
  private let scratch = Scratch()
  private var folder: String { "\(scratch.path)/in" }

  private func add(_ path: String, _ colour: SIMD3<UInt8>) throws {
    let full = "\(folder)/\(path)"
    try Folder.make(URL(fileURLWithPath: full).deletingLastPathComponent().path)
    try ByteImage(height: 12, width: 20, colour: colour).writePNG(to: full)
  }

  @Test("folders are classes in the order of their names, with images at any depth, cropped to squares")
  func imported() throws {
    try add("b/2.png", [0, 0, 255])
    try add("a/deep/er/1.png", [255, 0, 0])
    try add("a/0.PNG", [0, 255, 0])
    try scratch.write("no image", "in/a/notes.txt")
    try scratch.write("no image", "in/.hidden/x.png")
    let output = "\(scratch.path)/out.h5"
    try ImageImport(folder + "/", output: output, size: 8, skipsBad: false).run(Journal(quiet: true))
    let file = try ImageFile(output)
    #expect(file.count == 3 && file.height == 8 && file.width == 8)
    #expect(file.labels == [0, 0, 1] && file.classNames == ["a", "b"])
    #expect(try Reader(output).texts("source") == ["a/0.PNG", "a/deep/er/1.png", "b/2.png"])
    #expect(try file.pixels(1..<2).prefix(3).elementsEqual([255, 0, 0]))
  }

  @Test("a missing folder, and one without images in classes, are refused in a sentence")
  func refused() throws {
    func error() -> String? {
      message {
        try ImageImport(folder, output: "\(scratch.path)/o.h5", size: 8, skipsBad: false).run(Journal(quiet: true))
      }
    }
    #expect(error() == "\(folder): there is no such folder; name one that holds a folder of images per class.")
    try Folder.make(folder)
    #expect(error() == "\(folder): there are no class folders in it; it should hold CLASS/image.png or .jpg.")
    #expect(!Folder.exists("\(scratch.path)/o.h5"))
  }

  @Test("all images that cannot be read are listed, and left out with a flag")
  func bad() throws {
    for index in 10..<30 {
      try add("a/\(index).png", [1, 2, 3])
      if index >= 12 && index < 24 { try scratch.write("hello", "in/a/\(index).png") }
    }
    let output = "\(scratch.path)/out.h5"
    func run(_ skipsBad: Bool) -> String? {
      message { try ImageImport(folder, output: output, size: 8, skipsBad: skipsBad).run(Journal(quiet: true)) }
    }
    let listed = (12..<22).map { "\n  \(folder)/a/\($0).png: this is neither a PNG nor a JPEG image." }.joined()
    #expect(
      run(false) == "12 of 20 images cannot be read:\(listed)\n  and 2 more\n--skip-bad leaves them out.")
    #expect(!Folder.exists(output))
    #expect(run(true) == nil)
    #expect(try Reader(output).texts("source") == [10, 11, 24, 25, 26, 27, 28, 29].map { "a/\($0).png" })
  }
}

@Suite struct FolderTests {
  @Test("a text replaces the file that was there")
  func write() throws {
    let scratch = Scratch(), path = "\(scratch.path)/a/b.txt"
    #expect(message { try Folder.write("x", to: path) } != nil)
    try Folder.make("\(scratch.path)/a")
    try Folder.write("first", to: path)
    try Folder.write("second", to: path)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "second" && scratch.content == ["a", "a/b.txt"])
  }

  @Test("a folder that cannot be made is refused with the setting to change")
  func refused() throws {
    let scratch = Scratch()
    try scratch.write("a file", "a")
    #expect(
      message { try Folder.make("\(scratch.path)/a/b") }
        == "\(scratch.path)/a/b: this folder cannot be made: Not a directory; choose another with results=DIR.")
  }
}

@Suite struct InpaintingTests {
  private let scratch = Scratch()
  private let shape = ImageShape(height: 4, width: 4)

  private func write(_ image: ByteImage, _ name: String) throws -> String {
    try image.writePNG(to: "\(scratch.path)/\(name)")
    return "\(scratch.path)/\(name)"
  }

  @Test("kept pixels are copied over a generated image, white ones of the mask are generated")
  func composed() throws {
    var mask = ByteImage(height: 4, width: 4, colour: [0, 0, 0])
    for channel in 0..<3 { mask.pixels[3 * 5 + channel] = 255 }
    let image = try write(ByteImage(height: 4, width: 4, colour: [10, 20, 30]), "image.png")
    let maskPath = try write(mask, "mask.png")
    let generated = ByteImage(height: 4, width: 4, colour: [200, 100, 50])
    let inpainting = try Inpainting(image: image, mask: maskPath, isComposed: true, shape: shape)
    let result = inpainting.composed(generated)
    for pixel in 0..<16 {
      let expected: [UInt8] = pixel == 5 ? [200, 100, 50] : [10, 20, 30]
      #expect(Array(result.pixels[3 * pixel..<3 * pixel + 3]) == expected, "pixel \(pixel)")
    }
    let plain = try Inpainting(image: image, mask: maskPath, isComposed: false, shape: shape)
    #expect(plain.composed(generated) == generated)
  }

  @Test("another size of image or mask, and a mask without white, are refused in a sentence")
  func refused() throws {
    let small = try write(ByteImage(height: 2, width: 3, colour: [255, 255, 255]), "small.png")
    let image = try write(ByteImage(height: 4, width: 4, colour: [0, 0, 0]), "black.png")
    func error(_ image: String, _ mask: String) -> String? {
      message { _ = try Inpainting(image: image, mask: mask, isComposed: true, shape: shape) }
    }
    #expect(error(small, image) == "\(small): it is 3x2, and this model generates 4x4; resize it first.")
    #expect(error(image, small) == "\(small): the mask is 3x2 and the image 4x4; they must have one size.")
    #expect(error(image, image) == "\(image): the mask is black everywhere; white marks the pixels to generate.")
  }

  @Test("an inpainting keeps the images of a generation where its mask is black")
  func generation() throws {
    var mask = ByteImage(height: 16, width: 16, colour: [0, 0, 0])
    for pixel in 0..<128 * 3 { mask.pixels[pixel] = 255 }
    let image = try write(ByteImage(height: 16, width: 16, colour: [90, 90, 90]), "grey.png")
    let maskPath = try write(mask, "half.png")
    let run = Run(try TinyExperiment.assembly(), folder: scratch.path, journal: Journal(quiet: true))
    let inpainting = try Inpainting(
      image: image, mask: maskPath, isComposed: false, shape: ImageShape(height: 16, width: 16))
    let images = try run.sampler.samples(of: [0, 1], seed: 1, in: inpainting).images
    // The tokenizer of pixels gives back what is pinned.
    for image in images { #expect(image.pixels[(128 * 3)...].allSatisfy { $0 == 90 }) }
    #expect(images[0] != images[1])
  }
}
