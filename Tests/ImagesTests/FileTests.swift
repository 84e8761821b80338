import Foundation
import Images
import Testing

@Suite struct FileTests {
  private let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/References/"

  /// The sentence that refuses a file of the given bytes, without the path; nil if the file is read.
  private func refusal(_ bytes: Data) throws -> String? {
    let path = NSTemporaryDirectory() + "overtone-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try bytes.write(to: URL(fileURLWithPath: path))
    do throws(ImageError) {
      let image = try ByteImage.read(path)
      #expect(image.pixels.count == image.height * image.width * 3)
      return nil
    } catch {
      #expect(error.description.hasPrefix("\(path): "))
      return String(error.description.dropFirst(path.count + 2))
    }
  }

  private func reference(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: folder + name)) }

  @Test("an empty file, a text, and a cut or damaged image are refused, each in its sentence")
  func refusals() throws {
    #expect(try refusal(Data()) == "the file is empty.")
    #expect(try refusal(Data("hello".utf8)) == "this is neither a PNG nor a JPEG image.")
    let png = try reference("rgb.png"), jpeg = try reference("rgb.jpg")
    #expect(try refusal(png.prefix(png.count / 2))?.hasPrefix("the PNG image is damaged (") == true)
    #expect(try refusal(png.prefix(12))?.hasPrefix("the PNG image is damaged (") == true)
    #expect(try refusal(jpeg.prefix(20))?.hasPrefix("the JPEG image is damaged (") == true)
    #expect(try refusal(jpeg.prefix(jpeg.count * 2 / 3))?.hasPrefix("the JPEG image is damaged (") == true)
    #expect(try refusal(png) == nil && refusal(jpeg) == nil)
  }

  @Test("an image of more pixels than memory is refused before any is allocated")
  func size() throws {
    // 65000 x 65000 in the header of a PNG file, with its checksum.
    var header = Data("IHDR".utf8)
    for side in [65_000, 65_000] { for shift in [24, 16, 8, 0] { header.append(UInt8(side >> shift & 255)) } }
    header += [8, 2, 0, 0, 0]
    var crc: UInt32 = .max
    for byte in header {
      crc ^= UInt32(byte)
      for _ in 0..<8 { crc = crc & 1 == 1 ? 0xEDB8_8320 ^ crc >> 1 : crc >> 1 }
    }
    crc = ~crc
    var file = Data([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 0, 0, 0, 13]) + header
    for shift in [24, 16, 8, 0] as [UInt32] { file.append(UInt8(crc >> shift & 255)) }
    file += try reference("rgb.png").dropFirst(33)
    #expect(try refusal(file) == "65000x65000 pixels are more than this program reads.")
  }

  @Test("a JPEG header of more pixels than the bytes can hold is refused", arguments: ["rgb", "grey", "cmyk"])
  func promises(_ name: String) throws {
    var bytes = [UInt8](try reference("\(name).jpg"))
    let frame = try #require((0..<bytes.count - 9).first { bytes[$0] == 0xFF && bytes[$0 + 1] == 0xC0 })
    // Height and width: 0x1F40 x 0x2000.
    bytes.replaceSubrange(frame + 5..<frame + 9, with: [0x1F, 0x40, 0x20, 0])
    let reason = "\(bytes.count) bytes are too few for 8192x8000 pixels"
    #expect(try refusal(Data(bytes)) == "the JPEG image is damaged (\(reason)).")
  }

  @Test("a file that does not exist and a folder are refused")
  func paths() {
    #expect(throws: ImageError.self) { try ByteImage.read("/nowhere/at.all") }
    do throws(ImageError) { #expect(try ByteImage.read("/nowhere/at.all").height == 0) } catch {
      #expect(error.description == "/nowhere/at.all: there is no such file.")
    }
    do throws(ImageError) { #expect(try ByteImage.read("/tmp").height == 0) } catch {
      #expect(error.description == "/tmp: this is not a file; name an image.")
    }
  }

  @Test("a damaged orientation is as good as none", arguments: [0, 9, 0x2A])
  func orientation(_ value: UInt8) throws {
    var bytes = [UInt8](try reference("orientation6.jpg"))
    let upright = try ByteImage.read(folder + "orientation1.jpg")
    // The value of tag 0x0112 in a little-endian or big-endian directory.
    let entry = try #require(
      (0..<bytes.count - 12).first {
        bytes[$0..<$0 + 2].elementsEqual([0x12, 0x01]) || bytes[$0..<$0 + 2].elementsEqual([0x01, 0x12])
      })
    let isLittle = bytes[entry] == 0x12
    (bytes[entry + 8], bytes[entry + 9]) = isLittle ? (value, 0) : (0, value)
    let path = NSTemporaryDirectory() + "overtone-\(UUID().uuidString).jpg"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
    let image = try ByteImage.read(path)
    #expect(image.height == upright.height && image.width == upright.width)
  }

  @Test("PNG bytes in memory are those of a file, and decode to the image")
  func memory() throws {
    let image = numbered(height: 5, width: 4), path = NSTemporaryDirectory() + "overtone-\(UUID().uuidString).png"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try image.writePNG(to: path)
    #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: path))) == image.png)
    #expect(try ByteImage.read(path) == image)
  }
}
