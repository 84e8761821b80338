/// One piece of Swift source: a word, a literal, a comment or a sign, and the line on which it begins.
struct Token: Equatable {
  enum Kind {
    /// A name or a keyword, without backticks.
    case identifier
    case number
    /// A whole string literal, without its quotes.
    case string
    /// A part of a string literal between interpolations.
    case fragment
    /// `// …` or `/* … */`, without its marks.
    case comment
    /// `/// …` or `/** … */`, without its marks.
    case documentation
    /// Anything else: a bracket, a comma, or an operator that matters as a whole.
    case symbol
  }

  let kind: Kind
  let text: String
  /// From 1.
  let line: Int
  /// Follows the token before it without a space.
  let isAttached: Bool

  var isComment: Bool { kind == .comment || kind == .documentation }
  var isText: Bool { kind == .string || kind == .fragment }

  func isSymbol(_ sign: String) -> Bool { kind == .symbol && text == sign }
  func isWord(_ word: String) -> Bool { kind == .identifier && text == word }
}
