/// One value of a YAML file and where it stands.
struct YAMLNode: Sendable {
  enum Content: Sendable {
    /// Plain scalars may be numbers, booleans or null; quoted ones are text.
    case scalar(String, isPlain: Bool)
    case list([YAMLNode])
    case mapping([Entry])
  }
  struct Entry: Sendable {
    var key: String
    var place: Place
    var value: YAMLNode
  }
  var content: Content
  var place: Place

  var isNull: Bool {
    if case .scalar(let text, true) = content { return ["", "~", "null", "Null", "NULL"].contains(text) }
    return false
  }

  /// As it would be said in a message.
  var spoken: String {
    switch content {
    case .scalar(let text, _): isNull ? "nothing" : "'\(text)'"
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }
}
