import Foundation

/// A JSON value whose fields keep their order.
package indirect enum JSON {
  /// `null`.
  case null
  /// `true` or `false`.
  case bool(Bool)
  /// A number; one that is not finite becomes `null`, since JSON has no such number (RFC 8259, section 6).
  case number(Double)
  /// A string.
  case text(String)
  /// An array.
  case list([JSON])
  /// An object, in the order of its fields.
  case object([(String, JSON)])

  /// The value on one line.
  package var line: String {
    switch self {
    case .null: "null"
    case .bool(let value): "\(value)"
    case .number(let value): Self.digits(value)
    case .text(let text): Self.quoted(text)
    case .list(let items): "[\(items.map(\.line).joined(separator: ", "))]"
    case .object(let fields): "{\(fields.map { "\(Self.quoted($0.0)): \($0.1.line)" }.joined(separator: ", "))}"
    }
  }

  /// Whole numbers without a point; what is not finite is null.
  private static func digits(_ value: Double) -> String {
    guard value.isFinite else { return "null" }
    return value == value.rounded() && abs(value) < 1e15 ? "\(Int(value))" : "\(value)"
  }

  /// A number rounded to six significant digits, as measured times are written.
  package static func rounded(_ value: Double) -> JSON {
    value.isFinite ? .number(Double(String(format: "%.6g", value)) ?? value) : .null
  }

  /// The note beside a number that JSON lacks: "not finite (inf)"; nil for all others.
  package static func note(on value: Double) -> String? {
    value.isFinite ? nil : "not finite (\(value.isNaN ? "nan" : value > 0 ? "inf" : "-inf"))"
  }

  /// The value with a line for each field or item of the outermost level.
  package var lines: String {
    switch self {
    case .object(let fields):
      "{\n" + fields.map { "  \(Self.quoted($0.0)): \($0.1.line)" }.joined(separator: ",\n") + "\n}"
    case .list(let items): "[\n" + items.map { "  \($0.line)" }.joined(separator: ",\n") + "\n]"
    default: line
    }
  }

  /// The value with everything that fits into a line of 112 columns on one, and all else indented.
  func block(_ indent: String = "") -> String {
    let short = line, inner = indent + "  "
    if indent.count + short.count < 112 { return short }
    switch self {
    case .object(let fields):
      return "{\n" + fields.map { "\(inner)\(Self.quoted($0.0)): \($0.1.block(inner))" }.joined(separator: ",\n")
        + "\n\(indent)}"
    case .list(let items):
      return "[\n" + items.map { inner + $0.block(inner) }.joined(separator: ",\n") + "\n\(indent)]"
    default: return short
    }
  }

  /// Returns a text as a JSON string, RFC 8259: quotation marks, reverse solidus and control characters are escaped.
  package static func quoted(_ text: String) -> String {
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

  /// The text that stands for a number that is not finite until it is replaced by `null`.
  private static let notFinite = "\u{1}not finite"

  /// Returns a value as the program's JSON files are written: indented, keys sorted, a line break at the end. Numbers
  /// that are not finite become `null`.
  package static func encoded(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: notFinite, negativeInfinity: notFinite, nan: notFinite)
    let text = String(decoding: try encoder.encode(value), as: UTF8.self) + "\n"
    return text.replacingOccurrences(of: quoted(notFinite), with: "null")
  }

  /// Reads what `encoded` wrote, and "inf", "-inf" and "nan" as former versions wrote them; throws a
  /// `DecodingError` where it is something else.
  static func decoded<Value: Decodable>(_: Value.Type, from data: Data) throws -> Value {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try decoder.decode(Value.self, from: data)
  }
}
