import Glibc

/// Names of objects in an HDF5 file, which may be any bytes but zero, as texts and back.
///
/// A name that is not UTF-8 becomes a text in which every byte above 127 is a private character, U+10FF00 and the byte,
/// so that no byte is lost and the object can be opened.
enum ObjectName {
  private static let escape: UInt32 = 0x10_FF00

  /// Returns the text of a name.
  static func text(_ name: UnsafePointer<CChar>) -> String {
    if let text = String(validatingCString: name), !text.unicodeScalars.contains(where: isEscape) { return text }
    return escaped(UnsafeBufferPointer(start: name, count: strlen(name)).map { UInt8(bitPattern: $0) })
  }

  private static func escaped(_ bytes: [UInt8]) -> String {
    var text = String.UnicodeScalarView()
    for byte in bytes {
      guard let scalar = Unicode.Scalar(byte < 128 ? UInt32(byte) : escape + UInt32(byte)) else { continue }
      text.append(scalar)
    }
    return String(text)
  }

  /// Returns the bytes of the name that a text stands for, with a zero at the end, as HDF5 takes names.
  static func bytes(_ text: String) -> [CChar] {
    guard text.unicodeScalars.contains(where: isEscape) else { return Array(text.utf8CString) }
    return text.unicodeScalars.flatMap { scalar -> [CChar] in
      isEscape(scalar)
        ? [CChar(truncatingIfNeeded: scalar.value)] : UTF8.encode(scalar)?.map { CChar(bitPattern: $0) } ?? []
    } + [0]
  }

  /// True for the private characters of bytes that are not UTF-8.
  fileprivate static func isEscape(_ scalar: Unicode.Scalar) -> Bool {
    (escape + 128...escape + 255).contains(scalar.value)
  }
}

extension String {
  /// The text with control characters, and bytes that are not UTF-8, as "\x1B": a name in a file moves no cursor of a
  /// terminal.
  package var printable: String {
    // Most names are plain, and are returned as they are.
    guard unicodeScalars.contains(where: { $0.isControl || ObjectName.isEscape($0) }) else { return self }
    return unicodeScalars.map { scalar in
      guard scalar.isControl || ObjectName.isEscape(scalar) else { return String(scalar) }
      let digits = String(ObjectName.isEscape(scalar) ? scalar.value & 0xFF : scalar.value, radix: 16, uppercase: true)
      return "\\x" + (digits.count < 2 ? "0" : "") + digits
    }.joined()
  }
}

extension Unicode.Scalar {
  /// True for the control characters of ASCII and Latin-1, and for those that change the direction of a line.
  fileprivate var isControl: Bool {
    value < 0x20 || (0x7F..<0xA0).contains(value) || (0x202A...0x202E).contains(value)
      || (0x2066...0x2069).contains(value)
  }
}
