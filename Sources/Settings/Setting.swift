/// A kind of value that a setting can have.
public protocol Setting: Sendable {
  /// "a whole number"
  static var kind: String { get }
  /// All there are, where there are few.
  static var choices: [String] { get }
  /// Which values it takes, for schemas of files.
  static var form: Form { get }
  /// Former names of choices, each with the present one: a file with the former one is refused with a message that
  /// names the present one. Neither schemas nor lists of settings show former names.
  static var renamedChoices: [String: String] { get }
  /// False for infinities and NaN, which no setting takes.
  var isFinite: Bool { get }
  /// From what stands in the file; nil where that is something else.
  init?(_ value: SettingValue)
  /// As it would be written in a file.
  var yaml: String { get }
}

extension Setting {
  /// No list of values.
  public static var choices: [String] { [] }
  /// No former names.
  public static var renamedChoices: [String: String] { [:] }
  /// True for everything that is no number.
  public var isFinite: Bool { true }
  /// One of the choices where there are any, else anything.
  public static var form: Form { choices.isEmpty ? .anything : .choice(choices) }
}

/// A value of a file before its kind is known.
public struct SettingValue: Sendable {
  let node: YAMLNode

  /// The text of a scalar; nil for null, lists and mappings.
  public var text: String? {
    if case .scalar(let text, _) = node.content, !node.isNull { return text }
    return nil
  }
  /// The text of a scalar that was not quoted.
  var plain: String? {
    if case .scalar(let text, true) = node.content, !node.isNull { return text }
    return nil
  }
  /// The items of a list; nil for scalars and mappings.
  var items: [SettingValue]? {
    if case .list(let items) = node.content { return items.map(SettingValue.init) }
    return nil
  }
}

/// The number that a plain scalar denotes; nil if it denotes none.
///
/// Source: YAML 1.2.2, section 10.3.2, the core schema: 12, -3, 0x1F, 0o17, 1e-4, .5, 1., .inf, .nan.
func number(_ text: String) -> Double? {
  var digits = Substring(text), sign = 1.0
  for (prefix, radix) in [("0x", 16), ("0o", 8)] where digits.hasPrefix(prefix) {
    // No second sign: `Int` reads "-5" in "0x-5".
    return digits.dropFirst(2).first?.isHexDigit == true ? Int(digits.dropFirst(2), radix: radix).map(Double.init) : nil
  }
  if digits.hasPrefix("-") {
    (sign, digits) = (-1, digits.dropFirst())
  } else if digits.hasPrefix("+") {
    digits = digits.dropFirst()
  }
  if [".inf", ".Inf", ".INF"].contains(String(digits)) { return sign * .infinity }
  if [".nan", ".NaN", ".NAN"].contains(text) { return .nan }
  guard let first = digits.first, first.isASCII, first.isNumber || first == ".",
    digits.contains(where: { $0.isNumber }),
    digits.allSatisfy({ $0.isASCII && ($0.isNumber || ".eE+-".contains($0)) })
  else { return nil }
  return Double(digits.hasSuffix(".") ? digits + "0" : digits.hasPrefix(".") ? "0" + digits : digits).map { sign * $0 }
}

extension Int: Setting {
  /// "a whole number"
  public static var kind: String { "a whole number" }
  /// `Form.whole`
  public static var form: Form { .whole }
  /// Reads a plain scalar that is an integer in any notation, as 1e3; nil for fractions, quoted text and overflow.
  public init?(_ value: SettingValue) {
    guard let text = value.plain else { return nil }
    if let whole = Int(text) {
      self = whole
    } else if let number = number(text), let whole = Int(exactly: number) {
      self = whole
    } else {
      return nil
    }
  }
  /// The decimal digits, or the word.
  public var yaml: String { "\(self)" }
}

extension Double: Setting {
  /// "a number"
  public static var kind: String { "a number" }
  /// `Form.number`
  public static var form: Form { .number }
  /// Reads a plain scalar in the notation of `number(_:)`; nil for quoted text.
  public init?(_ value: SettingValue) {
    guard let number = value.plain.flatMap(number) else { return nil }
    self = number
  }
  /// The shortest decimal that reads back to the same number; integers without a decimal point.
  public var yaml: String {
    if isInfinite { return self > 0 ? ".inf" : "-.inf" }
    if isNaN { return ".nan" }
    return self == rounded() && magnitude < 1e15 ? "\(Int(self))" : "\(self)"
  }
}

extension Float: Setting {
  /// "a number"
  public static var kind: String { "a number" }
  /// `Form.number`
  public static var form: Form { .number }
  /// Reads a number, rounded from double to single precision.
  public init?(_ value: SettingValue) {
    guard let number = Double(value) else { return nil }
    self = Float(number)
  }
  /// The shortest decimal that reads back to the same single-precision number.
  public var yaml: String { isFinite && !(self == rounded() && magnitude < 1e7) ? "\(self)" : Double(self).yaml }
}

extension Bool: Setting {
  /// "true or false"
  public static var kind: String { "true or false" }
  /// `Form.flag`
  public static var form: Form { .flag }
  /// The words that are written out; `True` and `TRUE` are read as well.
  public static var choices: [String] { ["true", "false"] }
  /// Reads the plain words of the core schema; nil for yes, no, on and off, which YAML 1.2 takes as text.
  public init?(_ value: SettingValue) {
    switch value.plain {
    case "true", "True", "TRUE": self = true
    case "false", "False", "FALSE": self = false
    default: return nil
    }
  }
  /// The decimal digits, or the word.
  public var yaml: String { "\(self)" }
}

extension String: Setting {
  /// "a text"
  public static var kind: String { "a text" }
  /// `Form.text`
  public static var form: Form { .text }
  /// Reads any scalar but null, numbers and booleans included, as its text.
  public init?(_ value: SettingValue) {
    guard let text = value.text else { return nil }
    self = text
  }
  /// The text itself where YAML reads it as text, else in double quotes with escapes.
  public var yaml: String {
    let isSafe =
      !isEmpty && first!.isLetter && allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./".contains($0)) }
    if isSafe && !["true", "false", "null"].contains(lowercased()) { return self }
    var quoted = "\""
    for character in unicodeScalars {
      switch character {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case "\r": quoted += "\\r"
      // Line breaks of YAML 1.1, a byte order mark, and what is not printable.
      case "\0"..."\u{1f}", "\u{7f}"..."\u{9f}", "\u{2028}", "\u{2029}", "\u{feff}", "\u{fffe}", "\u{ffff}":
        let digits = String(character.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(character)
      }
    }
    return quoted + "\""
  }
}

extension Array: Setting where Element: Setting {
  /// "a list, each a whole number"
  public static var kind: String { "a list, each \(Element.kind)" }
  /// A list of the form of its elements.
  public static var form: Form { .list(Element.form) }
  /// Those of the elements: every item of a list is checked.
  public static var renamedChoices: [String: String] { Element.renamedChoices }
  /// True where all items are.
  public var isFinite: Bool { allSatisfy(\.isFinite) }
  /// Reads a list; nil if one of its items is of another kind.
  public init?(_ value: SettingValue) {
    guard let items = value.items else { return nil }
    var all: [Element] = []
    for item in items {
      guard let element = Element(item) else { return nil }
      all.append(element)
    }
    self = all
  }
  /// A flow sequence: "[1, 2]".
  public var yaml: String { "[\(map(\.yaml).joined(separator: ", "))]" }
}

extension Setting where Self: RawRepresentable & CaseIterable, RawValue == String {
  /// "one of circle, square"
  public static var kind: String { "one of \(choices.joined(separator: ", "))" }
  /// Raw values of the cases, in the order of declaration.
  public static var choices: [String] { allCases.map(\.rawValue) }
  /// Reads the raw value of a case; upper and lower case differ.
  public init?(_ value: SettingValue) {
    guard let text = value.text, let choice = Self(rawValue: text) else { return nil }
    self = choice
  }
  /// The raw value.
  public var yaml: String { rawValue }
}
