/// One value of a YAML file and where it stands.
package struct YAMLNode: Sendable {
  package enum Content: Sendable {
    /// Plain scalars may be numbers, booleans or null; quoted ones are text.
    case scalar(String, isPlain: Bool)
    case list([YAMLNode])
    case mapping([Entry])
  }
  package struct Entry: Sendable {
    package var key: String
    package var location: FileLocation
    package var value: YAMLNode
  }
  package var content: Content
  package var location: FileLocation

  package var isNull: Bool {
    if case .scalar(let text, true) = content { return ["", "~", "null", "Null", "NULL"].contains(text) }
    return false
  }

  /// As it would be said in a message.
  package var spoken: String {
    switch content {
    case .scalar(let text, _): isNull ? "nothing" : "'\(text)'"
    case .list: "a list"
    case .mapping: "a mapping"
    }
  }
}
