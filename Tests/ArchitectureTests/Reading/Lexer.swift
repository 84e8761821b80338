/// Cuts Swift source into tokens.
///
/// Knows line and nested block comments, documentation comments, string literals (raw, of several lines, with
/// interpolations, whose code becomes tokens too), names with and without backticks. Does not know regular expression
/// literals: the project has none.
struct Lexer {
  private let bytes: [UInt8]
  private var at = 0
  private var line = 1
  private var tokens: [Token] = []
  /// The offset behind the newest token.
  private var end = -1

  private init(_ text: String) { bytes = Array(text.utf8) }

  /// Returns the tokens of `text` in order.
  static func tokens(of text: String) -> [Token] {
    var lexer = Lexer(text)
    lexer.readCode(untilClosingParenthesis: false)
    return lexer.tokens
  }

  // MARK: Code

  /// Reads up to the end of the text, or up to the parenthesis that closes an interpolation.
  private mutating func readCode(untilClosingParenthesis isInterpolation: Bool) {
    var depth = 0
    while let byte = peek() {
      switch byte {
      case "\n":
        line += 1
        at += 1
      case " ", "\t", "\r": at += 1
      case "/" where peek(1) == "/": readLineComment()
      case "/" where peek(1) == "*": readBlockComment()
      case "\"": readString(hashes: 0)
      case "#" where hashesBeforeQuote() > 0: readString(hashes: hashesBeforeQuote())
      case "`": readQuotedName()
      case "0"..."9": readNumber()
      case "(":
        depth += 1
        sign(1)
      case ")":
        if isInterpolation && depth == 0 { return }
        depth -= 1
        sign(1)
      default:
        if Self.isName(byte) { readName() } else { readSymbol() }
      }
    }
  }

  private mutating func readName() {
    let start = at
    while let byte = peek(), Self.isName(byte) || Self.isDigit(byte) { at += 1 }
    append(.identifier, start..<at)
  }

  private mutating func readQuotedName() {
    let start = at + 1
    at = start
    while let byte = peek(), byte != "`" { at += 1 }
    append(.identifier, start..<at)
    at += 1
  }

  private mutating func readNumber() {
    let start = at
    while let byte = peek() {
      let continues =
        Self.isName(byte) || Self.isDigit(byte) || (byte == "." && peek(1).map(Self.isDigit) == true)
      guard continues else { break }
      at += 1
    }
    append(.number, start..<at)
  }

  /// Operators whose parts would be misread as brackets or assignments stay whole.
  private static let wholeSigns: [[UInt8]] = ["...", "..<", "->", "==", "!=", "<=", ">=", "+=", "-=", "*=", "/="].map {
    Array($0.utf8)
  }

  private mutating func readSymbol() {
    for whole in Self.wholeSigns where bytes[at...].starts(with: whole) { return sign(whole.count) }
    sign(1)
  }

  private mutating func sign(_ count: Int) {
    append(.symbol, at..<at + count)
    at += count
  }

  // MARK: Comments

  private mutating func readLineComment() {
    let isDocumentation = peek(2) == "/" && peek(3) != "/"
    at += isDocumentation ? 3 : 2
    let start = at
    while let byte = peek(), byte != "\n" { at += 1 }
    append(isDocumentation ? .documentation : .comment, start..<at)
  }

  private mutating func readBlockComment() {
    let isDocumentation = peek(2) == "*" && peek(3) != "/"
    let first = line
    at += 2
    let start = at
    var depth = 1
    while let byte = peek() {
      if byte == "/" && peek(1) == "*" {
        depth += 1
        at += 1
      } else if byte == "*" && peek(1) == "/" {
        depth -= 1
        if depth == 0 { break }
        at += 1
      } else if byte == "\n" {
        line += 1
      }
      at += 1
    }
    append(isDocumentation ? .documentation : .comment, start..<min(at, bytes.count), line: first)
    at += 2
  }

  // MARK: Strings

  /// The number of `#` from here to a quotation mark; 0 where none follows.
  private func hashesBeforeQuote() -> Int {
    var count = 0
    while peek(count) == "#" { count += 1 }
    return peek(count) == "\"" ? count : 0
  }

  private mutating func readString(hashes: Int) {
    at += hashes
    let quotes = peek(1) == "\"" && peek(2) == "\"" ? 3 : 1
    at += quotes
    let closing = Array(repeating: UInt8("\""), count: quotes) + Array(repeating: UInt8("#"), count: hashes)
    let escape = [UInt8("\\")] + Array(repeating: UInt8("#"), count: hashes)
    var start = at
    var first = line
    var isInterpolated = false
    while let byte = peek() {
      if bytes[at...].starts(with: closing) { break }
      if bytes[at...].starts(with: escape) {
        at += escape.count
        if peek() == "(" {
          append(.fragment, start..<at - escape.count, line: first)
          isInterpolated = true
          at += 1
          readCode(untilClosingParenthesis: true)
          start = at + 1
          first = line
        } else if peek() == "\n" {
          line += 1
        }
      } else if byte == "\n" {
        if quotes == 1 { break }
        line += 1
      }
      at += 1
    }
    append(isInterpolated ? .fragment : .string, start..<min(at, bytes.count), line: first)
    at += closing.count
  }

  // MARK: Bytes

  private func peek(_ offset: Int = 0) -> UInt8? { at + offset < bytes.count ? bytes[at + offset] : nil }

  private mutating func append(_ kind: Token.Kind, _ range: Range<Int>) { append(kind, range, line: line) }

  private mutating func append(_ kind: Token.Kind, _ range: Range<Int>, line: Int) {
    let text = String(decoding: bytes[range], as: UTF8.self)
    tokens.append(Token(kind: kind, text: text, line: line, isAttached: range.lowerBound == end))
    end = range.upperBound
  }

  private static func isDigit(_ byte: UInt8) -> Bool { byte >= "0" && byte <= "9" }

  private static func isName(_ byte: UInt8) -> Bool {
    (byte | 0x20 >= "a" && byte | 0x20 <= "z") || byte == "_" || byte == "$" || byte >= 0x80
  }
}

extension UInt8: @retroactive ExpressibleByUnicodeScalarLiteral {
  /// The code of an ASCII character.
  public init(unicodeScalarLiteral value: Unicode.Scalar) { self.init(ascii: value) }
}
