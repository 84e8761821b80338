import Foundation
import Images
import Testing

private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/References/"

/// The largest difference of two pictures; 256 where their sizes differ.
private func apart(_ a: Picture, _ b: Picture) -> Int {
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
      + (1...8).map { "turned\($0).jpg" })
  func modes(_ name: String) throws {
    #expect(apart(try Picture.read(folder + name), try Picture.read(folder + name + ".expected.png")) <= 1)
  }

  @Test("resizing is Pillow's")
  func sizes() throws {
    let picture = try Picture.read(folder + "rgb.png")
    #expect(apart(picture.resized(height: 9, width: 13), try Picture.read(folder + "smaller.expected.png")) <= 1)
    #expect(apart(picture.resized(height: 41, width: 50), try Picture.read(folder + "larger.expected.png")) <= 1)
    #expect(apart(picture.resized(height: 10, width: 14, .box), try Picture.read(folder + "half.expected.png")) <= 1)
    let square = picture.centreCropped(to: 8)
    #expect(square.height == 8 && square.width == 8)
  }

  @Test(
    "a picture cut short anywhere is refused or read, and never ends the program",
    arguments: ["palette.png", "turned6.jpg", "cmyk.jpg"])
  func damage(_ name: String) throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: folder + name)),
      path = NSTemporaryDirectory() + "overtone-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    for length in stride(from: 0, to: whole.count, by: max(1, whole.count / 60)) {
      try whole[..<length].write(to: URL(fileURLWithPath: path))
      do { _ = try Picture.read(path) } catch {
        #expect("\(error)".hasPrefix(path + ": ") && "\(error)".hasSuffix("."))
      }
    }
  }

  @Test("a written picture reads back the same; a folder that is not there is told")
  func writing() throws {
    let picture = try Picture.read(folder + "rgb.png"),
      path = NSTemporaryDirectory() + "overtone-\(UUID().uuidString).png"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try picture.writePNG(to: path)
    #expect(try Picture.read(path) == picture)
    #expect(throws: ImageError.self) { try picture.writePNG(to: "/nowhere/x.png") }
  }
}
