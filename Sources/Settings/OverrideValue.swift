/// The value of an override: what follows the first `=` of `key=value` on the command line, with all its characters.
///
/// A list, a mapping, a number, a boolean, null or a quoted text is YAML where it is one whole. Everything else is the
/// text itself: `#`, `: `, a leading `-`, `*`, `&` or `!`, tabs and line breaks mean nothing in it.
struct OverrideValue {
  private let text: String
  /// The text without spaces around it.
  private let core: Substring
  private static let brackets: [Character: Character] = ["[": "]", "{": "}"]

  init(_ text: String) {
    self.text = text
    var core = text[...]
    while core.first == " " { core.removeFirst() }
    while core.last == " " { core.removeLast() }
    self.core = core
  }

  /// The value as a node of YAML; its locations are those of a text of one line.
  ///
  /// Throws, naming `override`, where a bracket is opened first and not closed, or where what the brackets hold is no
  /// YAML.
  func node(of override: String) throws(SettingsError) -> YAMLNode {
    guard let first = core.first else { return literal }
    if let closing = Self.brackets[first] { return try collection(upTo: closing, override) }
    if first == "\"" || first == "'" { return Self.isOneQuotedText(core) ? parsed ?? literal : literal }
    // A word that YAML reads as it stands is as plain as in a file, so that 5, true and null keep their meaning.
    if let node = parsed, case .scalar(String(core), true) = node.content, core == text || Self.isNumberOrWord(node) {
      return node
    }
    return literal
  }

  /// The text with all its characters.
  private var literal: YAMLNode {
    YAMLNode(content: .scalar(text, isPlain: false), location: FileLocation(file: "override", line: 0, column: 0))
  }

  /// The text as YAML reads it behind a key; nil where that is not one value.
  private var parsed: YAMLNode? { try? Self.parsed(core) }

  private static func parsed(_ text: Substring) throws(SettingsError) -> YAMLNode? {
    let root = try YAMLReader.tree(of: "v: \(text)", file: "override")
    guard case .mapping(let entries) = root.content, entries.count == 1, entries[0].key == "v" else { return nil }
    return entries[0].value
  }

  /// A list or a mapping. What goes on behind the last bracket is a text that happens to begin with one: "[a] b".
  private func collection(upTo closing: Character, _ override: String) throws(SettingsError) -> YAMLNode {
    guard let end = Self.end(of: core) else {
      throw .override(
        override,
        why: "the '\(core.prefix(1))' of the value is not closed by '\(closing)'; close it, or "
          + "quote a text: key='\"\(core.prefix(1))...\"'.")
    }
    guard core.index(after: end) == core.endIndex else { return literal }
    let node: YAMLNode?
    do { node = try Self.parsed(core) } catch {
      throw .override(override, why: "what follows '=' is not a YAML value.")
    }
    switch node?.content {
    case .list, .mapping: return node ?? literal
    default: throw .override(override, why: "what follows '=' is not a YAML value.")
    }
  }

  /// Returns the index of the bracket that closes the first one, brackets in quoted texts left out; nil without one.
  private static func end(of text: Substring) -> Substring.Index? {
    var open: [Character] = [], index = text.startIndex, previous: Character = " "
    while index < text.endIndex {
      let character = text[index]
      if character == "\"" || character == "'", "[{,: ".contains(previous) {
        guard let end = endOfQuotes(text[index...]) else { return nil }
        index = end
      } else if let closing = brackets[character] {
        open.append(closing)
      } else if "]}".contains(character) {
        guard open.popLast() == character else { return nil }
        if open.isEmpty { return index }
      }
      previous = character
      index = text.index(after: index)
    }
    return nil
  }

  /// Returns the index of the quotation mark that ends the quoted text at the start; nil where it does not end.
  private static func endOfQuotes(_ text: Substring) -> Substring.Index? {
    guard let mark = text.first else { return nil }
    var index = text.index(after: text.startIndex)
    while index < text.endIndex {
      let next = text.index(after: index)
      if text[index] == "\\", mark == "\"" {
        guard next < text.endIndex else { return nil }
        index = text.index(after: next)
      } else if text[index] == mark {
        // Two apostrophes inside apostrophes are one.
        guard mark == "'", next < text.endIndex, text[next] == "'" else { return index }
        index = text.index(after: next)
      } else {
        index = next
      }
    }
    return nil
  }

  /// Returns true where a quoted text is all there is.
  private static func isOneQuotedText(_ text: Substring) -> Bool {
    endOfQuotes(text).map { text.index(after: $0) == text.endIndex } ?? false
  }

  /// Returns true for null, a boolean or a number, around which spaces mean nothing.
  private static func isNumberOrWord(_ node: YAMLNode) -> Bool {
    guard case .scalar(let text, true) = node.content else { return false }
    return node.isNull || number(text) != nil || ["true", "false", "True", "False", "TRUE", "FALSE"].contains(text)
  }
}
