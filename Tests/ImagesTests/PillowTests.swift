import Foundation
import Images
import Testing

private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/References/"

/// The largest difference between the bytes of two images; 256 if their sizes differ.
private func difference(_ a: ByteImage, _ b: ByteImage) -> Int {
  guard a.height == b.height, a.width == b.width else { return 256 }
  return zip(a.pixels, b.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
}

@Suite struct PillowTests {
  @Test(
    "every colour mode and orientation arrives as Pillow gives it",
    arguments: [
      "rgb.png", "grey.png", "palette.png", "alpha.png", "grey-alpha.png", "grey16.png", "rgb.jpg", "grey.jpg",
      "cmyk.jpg",
    ]
      + (1...8).map { "orientation\($0).jpg" })
  func modes(_ name: String) throws {
    #expect(difference(try ByteImage.read(folder + name), try ByteImage.read(folder + name + ".expected.png")) <= 1)
  }

  @Test("resizing is Pillow's")
  func sizes() throws {
    let image = try ByteImage.read(folder + "rgb.png")
    #expect(difference(image.resized(height: 9, width: 13), try ByteImage.read(folder + "smaller.expected.png")) <= 1)
    #expect(difference(image.resized(height: 41, width: 50), try ByteImage.read(folder + "larger.expected.png")) <= 1)
    #expect(
      difference(image.resized(height: 10, width: 14, .box), try ByteImage.read(folder + "half.expected.png")) <= 1)
    let square = image.centreCropped(to: 8)
    #expect(square.height == 8 && square.width == 8)
  }

  @Test(
    "an image cut short anywhere is refused or read, and never ends the program",
    arguments: ["palette.png", "orientation6.jpg", "cmyk.jpg"])
  func damage(_ name: String) throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: folder + name)),
      path = NSTemporaryDirectory() + "overtone-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    for length in stride(from: 0, to: whole.count, by: max(1, whole.count / 60)) {
      try whole[..<length].write(to: URL(fileURLWithPath: path))
      do { _ = try ByteImage.read(path) } catch {
        #expect("\(error)".hasPrefix(path + ": ") && "\(error)".hasSuffix("."))
      }
    }
  }

  @Test("a written image is read back unchanged; a folder that does not exist is an error")
  func writing() throws {
    let image = try ByteImage.read(folder + "rgb.png"),
      path = NSTemporaryDirectory() + "overtone-\(UUID().uuidString).png"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try image.writePNG(to: path)
    #expect(try ByteImage.read(path) == image)
    #expect(throws: ImageError.self) { try image.writePNG(to: "/nowhere/x.png") }
  }
}
