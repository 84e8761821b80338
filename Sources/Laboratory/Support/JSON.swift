/// Facts as JSON, written by hand: there are few kinds and their order matters to readers.
package indirect enum JSON {
  case null, bool(Bool), number(Double), text(String), list([JSON]), object([(String, JSON)])

  /// On one line.
  var line: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .number(let value):
      !value.isFinite ? "null" : value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
    case .text(let text): Self.text(text)
    case .list(let items): "[\(items.map(\.line).joined(separator: ", "))]"
    case .object(let fields): "{\(fields.map { "\(Self.text($0.0)): \($0.1.line)" }.joined(separator: ", "))}"
    }
  }

  /// One field or item a line at the outermost level.
  package var lines: String {
    switch self {
    case .object(let fields):
      "{\n" + fields.map { "  \(Self.text($0.0)): \($0.1.line)" }.joined(separator: ",\n") + "\n}"
    case .list(let items): "[\n" + items.map { "  \($0.line)" }.joined(separator: ",\n") + "\n]"
    default: line
    }
  }

  /// What fits into a line on one, all else indented.
  func block(_ indent: String = "") -> String {
    let short = line, inner = indent + "  "
    if indent.count + short.count < 112 { return short }
    switch self {
    case .object(let fields):
      return "{\n" + fields.map { "\(inner)\(Self.text($0.0)): \($0.1.block(inner))" }.joined(separator: ",\n")
        + "\n\(indent)}"
    case .list(let items):
      return "[\n" + items.map { inner + $0.block(inner) }.joined(separator: ",\n") + "\n\(indent)]"
    default: return short
    }
  }

  /// A text in quotes.
  static func text(_ text: String) -> String {
    var quoted = "\""
    for character in text.unicodeScalars {
      switch character {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\r": quoted += "\\r"
      case "\t": quoted += "\\t"
      case let control where control.value < 0x20:
        let digits = String(control.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(character)
      }
    }
    return quoted + "\""
  }
}
