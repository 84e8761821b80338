/// One value of a YAML file and where it stands.
package struct YAMLNode: Sendable {
  /// The three kinds of YAML nodes; aliases and merge keys are resolved when the tree is built.
  package enum Content: Sendable {
    /// Plain scalars may be numbers, booleans or null; quoted ones are text.
    case scalar(String, isPlain: Bool)
    /// A sequence, in the order of the file.
    case list([YAMLNode])
    /// Entries in the order of the file; keys are unique.
    case mapping([Entry])
  }
  /// One key of a mapping and its value.
  package struct Entry: Sendable {
    /// The key, a scalar without its quotes.
    package var key: String
    /// The location of the key.
    package var location: FileLocation
    /// The value, null where nothing follows the colon.
    package var value: YAMLNode
  }
  /// The value itself.
  package var content: Content
  /// The first character of the value, or that of the alias or reference it was inserted for.
  package var location: FileLocation

  /// True for a plain scalar that the core schema reads as null: empty, `~`, `null`, `Null` or `NULL`.
  package var isNull: Bool {
    if case .scalar(let text, true) = content { return ["", "~", "null", "Null", "NULL"].contains(text) }
    return false
  }

  /// As it would be said in a message.
  package var spoken: String {
    switch content {
    case .scalar(let text, _): isNull ? "nothing" : "'\(shortened(text))'"
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }

  /// The number of values, mappings and lists of the tree, this one included.
  var size: Int {
    switch content {
    case .scalar: 1
    case .list(let items): items.reduce(1) { $0 + $1.size }
    case .mapping(let entries): entries.reduce(1) { $0 + $1.value.size }
    }
  }
}

/// A text of the user as a message shows it: on one line, and of at most 80 characters.
func shortened(_ text: String) -> String {
  var line = ""
  for scalar in text.unicodeScalars.prefix(80) {
    switch scalar {
    case "\n": line += "\\n"
    case "\t": line += "\\t"
    case "\r": line += "\\r"
    default: line.unicodeScalars.append(scalar)
    }
  }
  return text.unicodeScalars.dropFirst(80).isEmpty ? line : line + "…"
}
