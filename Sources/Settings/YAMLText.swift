/// The text of an experiment file: UTF-8 with none of the characters that YAML forbids, and its lines for messages.
struct YAMLText {
  /// The most bytes that are read, 16 MiB; the largest experiment of this repository has 12 KiB.
  static let limit = 16 << 20

  /// The text without a byte order mark.
  let bytes: [UInt8]
  /// The ends of all lines but the last, as offsets into `bytes` before and after the line break.
  private var breaks: [(end: Int, next: Int)] = []

  /// Checks every character; throws with the line and column of the first one that YAML does not allow.
  init(_ content: [UInt8], file: String) throws(SettingsError) {
    func refusal(_ line: Int, _ column: Int, _ why: String) -> SettingsError {
      .malformed(FileLocation(file: file, line: line, column: column), why: why)
    }
    guard content.count <= Self.limit else {
      throw refusal(1, 1, "the text has \(content.count) bytes, and at most \(Self.limit) are read.")
    }
    for (mark, name): ([UInt8], String) in [
      ([0xFF, 0xFE], "UTF-16"), ([0xFE, 0xFF], "UTF-16"), ([0, 0, 0xFE, 0xFF], "UTF-32"),
    ]
    where content.starts(with: mark) {
      throw refusal(1, 1, "the text is \(name); save it as UTF-8.")
    }
    bytes = content.starts(with: [0xEF, 0xBB, 0xBF]) ? Array(content.dropFirst(3)) : content
    var parser = Unicode.UTF8.ForwardParser(), input = bytes.makeIterator()
    var offset = 0, column = 1, isAfterReturn = false
    while true {
      let line = breaks.count + 1
      switch parser.parseScalar(from: &input) {
      case .emptyInput: return
      case .error:
        throw refusal(
          line, column, "the byte \(Self.hexadecimal(UInt32(bytes[offset]), digits: 2)) is not UTF-8; save it as UTF-8."
        )
      case .valid(let encoded):
        let scalar = Unicode.UTF8.decode(encoded)
        guard Self.isAllowed(scalar) else {
          throw refusal(
            line, column,
            "the character U+\(Self.hexadecimal(scalar.value, digits: 4)) is not allowed in YAML; remove it.")
        }
        let end = offset
        offset += encoded.count
        // "\r\n" is one line break.
        if isAfterReturn && scalar == "\n" {
          breaks[breaks.count - 1].next = offset
        } else if Self.isBreak(scalar) {
          breaks.append((end, offset))
          column = 1
        } else {
          column += 1
        }
        isAfterReturn = scalar == "\r"
      }
    }
  }

  /// The text of a line, counted from 0, without its line break; nil beyond the last one.
  func line(_ index: Int) -> String? {
    guard index <= breaks.count else { return nil }
    let start = index == 0 ? 0 : breaks[index - 1].next
    return String(decoding: bytes[start..<(index < breaks.count ? breaks[index].end : bytes.count)], as: UTF8.self)
  }

  /// YAML 1.2.2, section 5.1, `c-printable`, as libyaml has it.
  private static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7E, 0x09, 0x0A, 0x0D, 0x85, 0xA0...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
    default: false
    }
  }

  /// The line breaks that libyaml counts.
  private static func isBreak(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}": true
    default: false
    }
  }

  private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
    let text = String(value, radix: 16, uppercase: true)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
  }
}
