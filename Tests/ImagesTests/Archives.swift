import Files
import Images

/// Archives as numpy and tar write them.
enum Archives {
  /// A PNG of 2x2.
  static func image(_ colour: SIMD3<UInt8> = [1, 2, 3]) throws -> [UInt8] {
    ByteImage(height: 2, width: 2, colour: colour).png ?? []
  }

  private static func number(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  /// A file .npy.
  static func array(_ type: String, _ shape: String, _ bytes: [UInt8], order: String = "False", version: UInt8 = 1)
    -> [UInt8]
  {
    let header = Array("{'descr': \(type), 'fortran_order': \(order), 'shape': \(shape), }\n".utf8)
    return [0x93] + Array("NUMPY".utf8) + [version, 0] + number(header.count, version == 1 ? 2 : 4) + header + bytes
  }

  /// A zip archive of stored members.
  static func zip(_ members: [(name: String, bytes: [UInt8])]) -> [UInt8] {
    var file: [UInt8] = [], directory: [UInt8] = []
    for (name, bytes) in members {
      let sum = number(Int(Deflate.crc32(bytes[...])), 4), size = number(bytes.count, 4)
      let facts = [0, 0, 0, 0, 0, 0, 0, 0] + sum + size + size + number(name.utf8.count, 2)
      directory += [0x50, 0x4B, 1, 2, 20, 0, 20, 0] + facts + [UInt8](repeating: 0, count: 12) + number(file.count, 4)
      directory += Array(name.utf8)
      file += [0x50, 0x4B, 3, 4, 20, 0] + facts + [0, 0] + Array(name.utf8) + bytes
    }
    let count = number(members.count, 2)
    return file + directory + [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count + number(directory.count, 4)
      + number(file.count, 4) + [0, 0]
  }

  /// An archive of two images of 1x2 with labels 1 and 0.
  static func numPy() throws -> [UInt8] {
    zip([
      ("images.npy", array("'|u1'", "(2, 1, 2, 3)", (1...12).map { $0 })),
      ("labels.npy", array("'<i4'", "(2,)", [1, 0, 0, 0, 0, 0, 0, 0], version: 2)),
    ])
  }

  /// A tar archive; `kind` of a member is "0" for files.
  static func tar(_ members: [(name: String, bytes: [UInt8])], kind: String = "0") -> [UInt8] {
    members.flatMap { header($0.name, count: $0.bytes.count, kind: kind) + padded($0.bytes) }
      + [UInt8](repeating: 0, count: 1024)
  }

  /// Contents fill blocks of 512 bytes.
  static func padded(_ bytes: [UInt8]) -> [UInt8] {
    bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
  }

  /// A header of ustar.
  static func header(_ name: String, count: Int, kind: String) -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, _ offset: Int) {
      header.replaceSubrange(offset..<offset + text.utf8.count, with: text.utf8)
    }
    func octal(_ value: Int, _ digits: Int) -> String {
      let text = String(value, radix: 8)
      return String(repeating: "0", count: digits - text.count) + text
    }
    put(name, 0)
    put(octal(count, 11), 124)
    put("        ", 148)
    put(kind, 156)
    put("ustar\u{0}00", 257)
    put(octal(header.reduce(0) { $0 + Int($1) }, 6) + "\u{0} ", 148)
    return header
  }
}
