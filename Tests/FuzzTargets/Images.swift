import Files
import Images

extension FuzzTarget {
  private static let references = "Tests/ImagesTests/References"

  static let images: [FuzzTarget] = [
    FuzzTarget(
      "png", seeds: [(references, ".png")],
      words: ["IHDR", "IDAT", "IEND", "PLTE", "tRNS", "gAMA", "eXIf", "iTXt", "zTXt", "tEXt", "sRGB", "acTL"]
    ) { bytes in
      // Half of the inputs get true checksums, which mutation never finds.
      try readImage(bytes.count.isMultiple(of: 2) ? bytes : withChecksums(bytes))
    },
    FuzzTarget(
      "jpeg", seeds: [(references, ".jpg")], words: ["Exif", "JFIF", "Adobe", "ICC_PROFILE", "\u{FF}"], readImage),
    FuzzTarget("exif", seeds: [("Tests/Fuzzing/Corpus/exif", ".tiff")], words: ["II*\u{0}", "MM\u{0}*", "Exif"]) {
      bytes in
      // An EXIF segment in front of a JPEG image without one.
      let length = min(bytes.count, 65_000) + 8
      var image: [UInt8] = [0xFF, 0xD8, 0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 255)]
      image += Array("Exif\0\0".utf8) + bytes.prefix(65_000) + grey
      try readImage(image)
    },
    FuzzTarget(
      "tar", seeds: [("Tests/Fuzzing/Corpus/tar", ".tar")],
      words: ["ustar", "00000000000", "../", "/", "a/b.png", "path=", "size=", "././@LongLink"]
    ) { bytes in
      readAll(try LabelledImages.tar(ByteSource(bytes.count.isMultiple(of: 2) ? bytes : withSums(bytes), named: "x")))
    },
    FuzzTarget(
      "npz", seeds: [("Tests/Fuzzing/Corpus/npz", ".npz")],
      words: ["images.npy", "label.npy", "arr_0.npy", "PK\u{1}\u{2}"]
    ) { bytes in readAll(try LabelledImages.numPy(ByteSource(bytes, named: "x"))) },
    FuzzTarget(
      "npy", seeds: [("Tests/Fuzzing/Corpus/npy", ".npy")],
      words: [
        "NUMPY", "{'descr': '<i8', 'fortran_order': False, 'shape': (3,), }", "'|u1'", "'>u2'", "(-1,)", "(0, 9)",
      ]
    ) { bytes in _ = try NumPyBytes(bytes, named: "x").shape },
  ]

  /// A grey JPEG image of 8 x 8 pixels behind its first marker.
  private static let grey: [UInt8] = {
    let tables: [UInt8] = [0xFF, 0xDB, 0, 67, 0] + Array(repeating: 1, count: 64)
    let frame: [UInt8] = [0xFF, 0xC0, 0, 11, 8, 0, 8, 0, 8, 1, 1, 0x11, 0]
    // One code of one bit a table: a difference of 0, and the end of the block.
    let codes: [UInt8] = [1] + Array(repeating: 0, count: 15) + [0]
    let huffman: [UInt8] = [0xFF, 0xC4, 0, 20, 0x00] + codes + [0xFF, 0xC4, 0, 20, 0x10] + codes
    return tables + frame + huffman + [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0, 0x3F, 0xFF, 0xD9]
  }()

  private static func readImage(_ bytes: [UInt8]) throws {
    let image = try ByteImage(decoding: bytes, named: "x")
    precondition(image.pixels.count == image.height * image.width * 3)
  }

  private static func readAll(_ images: LabelledImages) {
    for (index, entry) in images.entries.enumerated().prefix(16) {
      precondition(images.classNames.indices.contains(entry.label))
      _ = try? images.image(index)
    }
  }

  /// A tar archive whose headers have the sums of their bytes.
  private static func withSums(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for start in stride(from: 0, to: bytes.count - 511, by: 512)
    where bytes[start + 257..<start + 262].elementsEqual("ustar".utf8) {
      // The sum counts its own field, of eight bytes, as spaces.
      bytes.replaceSubrange(start + 148..<start + 156, with: Array(repeating: 32, count: 8))
      let digits = String(bytes[start..<start + 512].reduce(0) { $0 + Int($1) }, radix: 8)
      let field = String(repeating: "0", count: max(0, 6 - digits.count)) + digits + "\0 "
      bytes.replaceSubrange(start + 148..<start + 156, with: Array(field.utf8))
    }
    return bytes
  }

  /// A PNG file whose chunks have the checksums of their bytes.
  private static func withChecksums(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes, offset = 8
    while offset + 12 <= bytes.count {
      let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }, end = offset + 8 + length
      guard end + 4 <= bytes.count else { break }
      let sum = Deflate.crc32(bytes[offset + 4..<end])
      for index in 0..<4 { bytes[end + index] = UInt8(sum >> (24 - 8 * UInt32(index)) & 255) }
      offset = end + 4
    }
    return bytes
  }
}
