extension ByteImage {
  /// Returns the EXIF orientation of a JPEG file, 1...8 (CIPA DC-008, tag 0x0112); 1 where the file has none.
  static func exifOrientation(_ bytes: [UInt8]) -> Int {
    // Segments of a JPEG file up to the scan (0xDA): 0xFF, a marker, a big-endian length that counts itself.
    var offset = 2
    while offset + 4 <= bytes.count, bytes[offset] == 0xFF, bytes[offset + 1] != 0xDA {
      let length = Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3]), content = offset + 10
      if bytes[offset + 1] == 0xE1, content <= bytes.count,
        bytes[offset + 4..<content].elementsEqual("Exif\0\0".utf8)
      {
        return orientation(Array(bytes[content..<max(content, min(bytes.count, offset + 2 + length))]))
      }
      offset += 2 + max(2, length)
    }
    return 1
  }

  /// Returns the value of tag 0x0112 in the first directory of a TIFF block of either byte order.
  private static func orientation(_ tiff: [UInt8]) -> Int {
    guard tiff.count >= 8 else { return 1 }
    let isLittle = tiff[0] == 0x49
    func number(_ offset: Int, _ count: Int) -> Int {
      guard offset >= 0, offset + count <= tiff.count else { return 0 }
      return (0..<count).reduce(0) { $0 | Int(tiff[offset + $1]) << (8 * (isLittle ? $1 : count - 1 - $1)) }
    }
    let directory = number(4, 4)
    for entry in 0..<min(512, number(directory, 2)) where number(directory + 2 + 12 * entry, 2) == 0x0112 {
      let value = number(directory + 10 + 12 * entry, 2)
      return (1...8).contains(value) ? value : 1
    }
    return 1
  }

  /// The image rotated and mirrored upright, for an EXIF orientation.
  func upright(orientation: Int) -> ByteImage {
    guard orientation > 1 else { return self }
    let isSideways = orientation >= 5
    var result = ByteImage(height: isSideways ? width : height, width: isSideways ? height : width, colour: [0, 0, 0])
    for y in 0..<result.height {
      for x in 0..<result.width {
        let (fromY, fromX): (Int, Int) =
          switch orientation {
          case 2: (y, width - 1 - x)
          case 3: (height - 1 - y, width - 1 - x)
          case 4: (height - 1 - y, x)
          case 5: (x, y)
          case 6: (height - 1 - x, y)
          case 7: (height - 1 - x, width - 1 - y)
          default: (x, width - 1 - y)
          }
        for c in 0..<3 { result.pixels[(y * result.width + x) * 3 + c] = pixels[(fromY * width + fromX) * 3 + c] }
      }
    }
    return result
  }
}
