/// A reader of the JSON (RFC 8259) of a safetensors header. It does not recurse, and its work is proportional to the
/// header's length.
struct SafetensorsHeader {
  /// A tensor as the header describes it; offsets from the end of the header.
  struct Entry {
    var name = "", dtype = "", shape: [Int] = []
    var begin = 0, end = 0
  }

  private let bytes: [UInt8]
  private let path: String
  private var offset = 0

  /// A header, and the file that errors name.
  init(_ bytes: [UInt8], path: String) { (self.bytes, self.path) = (bytes, path) }

  private var damaged: WeightsError {
    .unreadable(path: path, why: "its safetensors header is damaged at byte \(8 + offset) of the file.")
  }

  /// Returns the tensors in the header's order; `__metadata__` is skipped.
  mutating func entries() throws(WeightsError) -> [Entry] {
    var found: [Entry] = []
    try object { header, name throws(WeightsError) in
      if name == "__metadata__" { try header.skipValue() } else { found.append(try header.entry(name)) }
    }
    skipSpace()
    guard offset == bytes.count else { throw damaged }
    return found
  }

  private mutating func entry(_ name: String) throws(WeightsError) -> Entry {
    var entry = Entry(name: name), fields: Set<String> = []
    try object { header, key throws(WeightsError) in
      guard fields.insert(key).inserted else {
        throw .unreadable(path: header.path, why: "'\(name)' has '\(key)' twice in its safetensors header.")
      }
      switch key {
      case "dtype": entry.dtype = try header.string()
      case "shape": entry.shape = try header.integers(of: name)
      case "data_offsets":
        let offsets = try header.integers(of: name)
        guard offsets.count == 2 else { throw header.damaged }
        (entry.begin, entry.end) = (offsets[0], offsets[1])
      default: try header.skipValue()
      }
    }
    guard fields.isSuperset(of: ["dtype", "shape", "data_offsets"]) else {
      throw .unreadable(path: path, why: "'\(name)' lacks its dtype, shape or data_offsets.")
    }
    return entry
  }

  // MARK: JSON

  /// Reads an object; `member` reads the value of a key.
  private mutating func object(
    _ member: (inout SafetensorsHeader, String) throws(WeightsError) -> Void
  ) throws(WeightsError) {
    try expect("{")
    if take("}") { return }
    repeat {
      let key = try string()
      try expect(":")
      try member(&self, key)
    } while take(",")
    try expect("}")
  }

  /// Reads an array of integers from 0 to `Int.max`.
  private mutating func integers(of name: String) throws(WeightsError) -> [Int] {
    var numbers: [Int] = []
    try expect("[")
    if take("]") { return [] }
    repeat {
      skipSpace()
      let digits = bytes[offset...].prefix { !Self.endsNumber($0) }
      guard !digits.isEmpty, digits.allSatisfy({ (48...57).contains($0) }), digits.first != 48 || digits.count == 1,
        let number = Int(String(decoding: digits, as: UTF8.self))
      else {
        throw .unreadable(
          path: path, why: "'\(name)' has a length or an offset that is no whole number from 0 to \(Int.max).")
      }
      numbers.append(number)
      offset = digits.endIndex
    } while take(",")
    try expect("]")
    return numbers
  }

  /// True for a comma, a bracket, a brace, a quotation mark or a space.
  private static func endsNumber(_ byte: UInt8) -> Bool { ",[]{}\" \t\r\n".utf8.contains(byte) }

  /// Reads a string with its escapes.
  private mutating func string() throws(WeightsError) -> String {
    try expect("\"")
    var units: [UInt8] = []
    while offset < bytes.count, bytes[offset] != UInt8(ascii: "\"") {
      guard bytes[offset] >= 0x20 else { throw damaged }
      if bytes[offset] == UInt8(ascii: "\\") {
        units += try escape()
      } else {
        units.append(bytes[offset])
        offset += 1
      }
    }
    try expect("\"")
    guard let text = String(validating: units, as: UTF8.self) else { throw damaged }
    return text
  }

  /// Reads an escape, "\n" or "\u00E9", of which two may make one character; returns it in UTF-8.
  private mutating func escape() throws(WeightsError) -> [UInt8] {
    guard offset + 1 < bytes.count else { throw damaged }
    let simple: [Character: String] = [
      "\"": "\"", "\\": "\\", "/": "/", "b": "\u{8}", "f": "\u{C}", "n": "\n", "r": "\r", "t": "\t",
    ]
    if let text = simple[Character(UnicodeScalar(bytes[offset + 1]))] {
      offset += 2
      return Array(text.utf8)
    }
    var units = [try surrogate()]
    if UTF16.isLeadSurrogate(units[0]) { units.append(try surrogate()) }
    guard let text = String(validating: units, as: UTF16.self) else { throw damaged }
    return Array(text.utf8)
  }

  /// Reads an escaped UTF-16 code unit: a reverse solidus, "u" and four hexadecimal digits.
  private mutating func surrogate() throws(WeightsError) -> UInt16 {
    let end = offset + 6
    guard end <= bytes.count, bytes[offset] == UInt8(ascii: "\\"), bytes[offset + 1] == UInt8(ascii: "u"),
      bytes[offset + 2..<end].allSatisfy({ UnicodeScalar($0).properties.isASCIIHexDigit }),
      let unit = UInt16(String(decoding: bytes[offset + 2..<end], as: UTF8.self), radix: 16)
    else { throw damaged }
    offset = end
    return unit
  }

  /// Skips a value of any kind up to the end of its brackets, which are counted.
  private mutating func skipValue() throws(WeightsError) {
    var depth = 0
    repeat {
      skipSpace()
      guard offset < bytes.count else { throw damaged }
      switch bytes[offset] {
      case UInt8(ascii: "\""): _ = try string()
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        depth += 1
        offset += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        depth -= 1
        offset += 1
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        guard depth > 0 else { throw damaged }
        offset += 1
      default: offset = bytes[offset...].firstIndex { Self.endsNumber($0) || $0 == UInt8(ascii: ":") } ?? bytes.count
      }
    } while depth > 0
    guard depth == 0 else { throw damaged }
  }

  private mutating func skipSpace() {
    while offset < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[offset]) { offset += 1 }
  }

  /// Moves past a character if it comes next, after white space.
  private mutating func take(_ character: UnicodeScalar) -> Bool {
    skipSpace()
    guard offset < bytes.count, bytes[offset] == UInt8(ascii: character) else { return false }
    offset += 1
    return true
  }

  private mutating func expect(_ character: UnicodeScalar) throws(WeightsError) {
    // The quotation mark that ends a string follows no white space: `string` stops there.
    guard take(character) else { throw damaged }
  }
}
