import Files

/// The orientation that a file says its image has, 1...8 (CIPA DC-008, tag 0x0112); 1 where it says none.
///
/// Found where Pillow's `ImageOps.exif_transpose` finds it: in EXIF, else in XMP. What is damaged is as good as absent.
enum Orientation {
  /// The orientation of a JPEG file: its segments APP1 hold EXIF and XMP.
  static func ofJPEG(_ bytes: [UInt8]) -> Int {
    var offset = 2, exif: [UInt8] = [], xmp: ArraySlice<UInt8> = []
    // A segment is 0xFF, a marker, and a big-endian length that counts itself. Between segments there may be junk.
    while offset + 4 <= bytes.count {
      let marker = bytes[offset + 1]
      // 0xDA: the pixels begin.
      if bytes[offset] == 0xFF, marker == 0xDA { break }
      // 0xD0 to 0xD9 have no length.
      guard bytes[offset] == 0xFF, marker >= 0xC0, marker != 0xFF, !(0xD0...0xD9).contains(marker) else {
        offset += 1
        continue
      }
      let end = offset + 2 + max(2, Int(bytes[offset + 2]) << 8 | Int(bytes[offset + 3]))
      guard end <= bytes.count else { break }
      let content = bytes[offset + 4..<end]
      if marker == 0xE1, content.starts(with: "Exif\0\0".utf8) { exif += content.dropFirst(6) }
      if marker == 0xE1, content.starts(with: "http://ns.adobe.com/xap/1.0/\0".utf8) { xmp = content.dropFirst(29) }
      offset = end
    }
    return orientation(exif: exif, xmp: xmp)
  }

  /// The orientation of a PNG file: its chunks eXIf or `Raw profile type exif` hold EXIF, `XML:com.adobe.xmp` XMP.
  static func ofPNG(_ bytes: [UInt8]) -> Int {
    var offset = 8, exif: [UInt8]?, profile: [UInt8] = [], xmp: ArraySlice<UInt8> = []
    // A chunk is a big-endian length of its content, four letters, the content, and a checksum of four bytes.
    while offset + 12 <= bytes.count {
      let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }, start = offset + 8
      guard length <= bytes.count - start - 4 else { break }
      let content = bytes[start..<start + length]
      switch String(decoding: bytes[offset + 4..<start], as: UTF8.self) {
      case "eXIf": exif = Array(content)
      case let kind where ["tEXt", "zTXt", "iTXt"].contains(kind):
        guard let (keyword, text) = text(content, kind) else { break }
        if keyword == "Raw profile type exif" { profile = rawProfile(text) }
        if keyword == "XML:com.adobe.xmp" { xmp = text }
      default: break
      }
      offset = start + length + 4
    }
    return orientation(exif: exif ?? profile, xmp: xmp)
  }

  // MARK: Inside

  private static func orientation(exif: [UInt8], xmp: ArraySlice<UInt8>) -> Int {
    let value = inEXIF(exif) ?? inXMP(xmp) ?? 1
    return (1...8).contains(value) ? value : 1
  }

  /// The value of tag 0x0112 in the first directory of a TIFF block of either byte order; nil where it has no such tag.
  private static func inEXIF(_ block: [UInt8]) -> Int? {
    // Some writers repeat the name of the segment.
    let tiff = block.starts(with: "Exif\0\0".utf8) ? Array(block.dropFirst(6)) : block
    guard tiff.starts(with: "II".utf8) || tiff.starts(with: "MM".utf8) else { return nil }
    let isLittle = tiff[0] == 0x49
    func number(_ offset: Int, _ count: Int) -> Int {
      guard offset >= 0, offset + count <= tiff.count else { return 0 }
      return (0..<count).reduce(0) { $0 | Int(tiff[offset + $1]) << (8 * (isLittle ? $1 : count - 1 - $1)) }
    }
    // Two bytes with the number of entries, then entries of 12: tag, type, number of values, value.
    let directory = number(4, 4)
    for entry in 0..<number(directory, 2) where number(directory + 2 + 12 * entry, 2) == 0x0112 {
      let start = directory + 2 + 12 * entry
      // Types 1, 3 and 4 are numbers of 1, 2 and 4 bytes.
      guard let size = [1: 1, 3: 2, 4: 4][number(start + 2, 2)], number(start + 4, 4) == 1 else { return 1 }
      return number(start + 8, size)
    }
    return nil
  }

  /// The digit that follows the first `tiff:Orientation="` or `tiff:Orientation>`.
  private static func inXMP(_ text: ArraySlice<UInt8>) -> Int? {
    let name = Array("tiff:Orientation".utf8)
    var rest = text
    while let start = rest.firstIndex(of: name[0]) {
      rest = rest[start...]
      if rest.starts(with: name) {
        let value = rest.dropFirst(name.count)
        let digit =
          value.starts(with: "=\"".utf8) ? value.dropFirst(2) : value.starts(with: ">".utf8) ? value.dropFirst() : []
        if let digit = digit.first, (0x30...0x39).contains(digit) { return Int(digit) - 0x30 }
      }
      rest = rest.dropFirst()
    }
    return nil
  }

  /// The most bytes that a compressed text may have, as in Pillow.
  private static let mostText = 1 << 20

  /// Keyword and text of a chunk of texts; nil where it is damaged.
  private static func text(_ content: ArraySlice<UInt8>, _ kind: String) -> (keyword: String, text: ArraySlice<UInt8>)?
  {
    guard let end = content.firstIndex(of: 0) else { return nil }
    let keyword = String(decoding: content[..<end], as: UTF8.self)
    var rest = content[(end + 1)...], isCompressed = kind == "zTXt"
    if kind == "iTXt" {
      // A flag and a method of compression; language and translated keyword, each ending in 0.
      guard rest.count >= 2, let flag = rest.first else { return nil }
      isCompressed = flag != 0
      rest = rest.dropFirst(2)
      for _ in 0..<2 {
        guard let end = rest.firstIndex(of: 0) else { return nil }
        rest = rest[(end + 1)...]
      }
    } else if isCompressed {
      guard rest.first == 0 else { return nil }
      rest = rest.dropFirst()
    }
    guard isCompressed else { return (keyword, rest) }
    guard let text = Deflate.inflated(rest, in: .zlib, limit: mostText) else { return nil }
    return (keyword, text[...])
  }

  /// The bytes of ImageMagick's hexadecimal profile: a blank line, its name, its length, then lines of digits.
  private static func rawProfile(_ text: ArraySlice<UInt8>) -> [UInt8] {
    let digits = text.split(separator: 0x0A, omittingEmptySubsequences: false).dropFirst(3).joined()
      .compactMap { Character(UnicodeScalar($0)).hexDigitValue }
    return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
  }
}
