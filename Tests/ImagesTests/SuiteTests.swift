import Files
import Foundation
import Images
import Testing

/// `References/suite.zip`: files, and the pixels that reading each should give. `make_suite.py` makes it.
struct Suite {
  let names: [String]
  private let directory: ZipDirectory
  private let source: ByteSource

  init() throws {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path + "/References/suite.zip"
    source = try ByteSource(file: path)
    directory = try ZipDirectory(source)
    names = directory.members.map(\.name).filter { !$0.hasSuffix(".npy") }
  }

  /// The bytes of a member.
  func bytes(_ name: String) throws -> [UInt8] { try #require(directory[name]).contents(in: source) }

  /// The pixels [height, width, 3] that the image `name` should have.
  func expected(_ name: String) throws -> ByteImage {
    let array = try NumPyBytes(bytes(name + ".npy"), named: name), content = try bytes(name + ".npy")
    return ByteImage(
      height: array.shape[0], width: array.shape[1],
      pixels: Array(content.suffix(array.shape[0] * array.shape[1] * 3)))
  }
}

@Suite struct SuiteTests {
  @Test("PNG and JPEG files of every kind give Pillow's pixels within 2 of 255")
  func kinds() throws {
    let suite = try Suite()
    var worst = 0
    for name in suite.names {
      let expected = try suite.expected(name), image = try ByteImage(decoding: suite.bytes(name), named: name)
      guard image.height == expected.height, image.width == expected.width else {
        Issue.record("\(name) is \(image.height)x\(image.width), not \(expected.height)x\(expected.width)")
        continue
      }
      let difference = zip(image.pixels, expected.pixels).map { abs(Int($0) - Int($1)) }.max() ?? 0
      #expect(difference <= 2, "\(name)")
      worst = max(worst, difference)
    }
    #expect(suite.names.count > 200 && worst <= 2)
  }

  @Test("an image that is cut short is refused, unless all its pixels are there")
  func cut() throws {
    let suite = try Suite()
    for name in suite.names where name.hasPrefix("png") || name.hasPrefix("jpeg-RGB") {
      let whole = try suite.bytes(name), isPNG = name.hasSuffix("png")
      // Behind the pixels PNG has an end of 12 bytes; JPEG of 2, which its decoder reads ahead.
      let end = whole.count - (isPNG ? 16 : 3)
      for count in stride(from: 9, through: end, by: max(1, whole.count / 9)) + [end] {
        #expect(throws: ImageError.self, "\(name) cut to \(count)") {
          try ByteImage(decoding: Array(whole[..<count]), named: name)
        }
      }
      if isPNG {
        #expect(try ByteImage(decoding: whole.dropLast(12), named: name) == ByteImage(decoding: whole, named: name))
      }
    }
  }

  @Test("a PNG with a wrong checksum in front of its pixels or in them is refused")
  func checksums() throws {
    let suite = try Suite()
    for name in suite.names where name.hasPrefix("png-3") {
      var bytes = try suite.bytes(name)
      var offset = 8
      while offset + 12 <= bytes.count {
        let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }
        let kind = String(decoding: bytes[offset + 4..<offset + 8], as: UTF8.self)
        bytes[offset + 8 + length] ^= 1
        #expect(throws: ImageError.self, "\(kind) of \(name)") { try ByteImage(decoding: bytes, named: name) }
        bytes[offset + 8 + length] ^= 1
        offset += length + 12
      }
    }
  }

  @Test("a fatal error after a warning refuses a JPEG; a warning alone does not")
  func warnings() throws {
    let suite = try Suite(), junk = try suite.bytes("jpeg-junk.jpg")
    #expect(throws: Never.self) { try ByteImage(decoding: junk, named: "x.jpg") }
    // Where the scan begins, a second frame (0xC0) or another scan of tables that are none.
    let scan = try #require((2..<junk.count).last { junk[$0] == 0xDA && junk[$0 - 1] == 0xFF })
    for marker in [0xC0, 0xC3, 0xC9, 0xD8] as [UInt8] {
      let damaged = junk[..<(junk.count - 2)] + [0xFF, marker, 0, 11, 8, 0, 10, 0, 13, 1, 1, 0x11, 0, 0xFF, 0xD9]
      #expect(throws: ImageError.self, "\(marker)") { try ByteImage(decoding: Array(damaged), named: "x.jpg") }
    }
    var table = junk
    // The number of the table of a component, which is 0 to 3.
    table[scan + 5] = 0xFF
    #expect(throws: ImageError.self) { try ByteImage(decoding: table, named: "x.jpg") }
  }
}
