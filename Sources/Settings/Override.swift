/// One `key=value` of the command line: a path through mappings and lists, and a value (see `OverrideValue`).
struct Override {
  private let text: String
  private let path: [Step]
  let value: YAMLNode
  private let location: FileLocation

  /// One step of a path: a key of a mapping, or a position in a list, from 0.
  private enum Step { case key(String), index(Int) }

  /// The path before the `=`: "training.steps", "metrics[0].use".
  var name: String { String(text.prefix { $0 != "=" }) }

  init(_ text: String) throws(SettingsError) {
    self.text = text
    location = FileLocation(file: "override", line: 0, column: 0, source: nil)
    guard let sign = text.firstIndex(of: "="), sign != text.startIndex else {
      throw .override(text, why: "write it as key=value, for example training.steps=100.")
    }
    var steps: [Step] = []
    for part in text[..<sign].split(separator: ".", omittingEmptySubsequences: false) {
      let pieces = part.split(separator: "[", omittingEmptySubsequences: false)
      guard let name = pieces.first, !name.isEmpty else { throw .override(text, why: "a key is empty.") }
      steps.append(.key(String(name)))
      for piece in pieces.dropFirst() {
        guard piece.hasSuffix("]"), let index = Int(piece.dropLast()), index >= 0 else {
          throw .override(text, why: "an index is written [0].")
        }
        steps.append(.index(index))
      }
    }
    guard steps.count <= YAMLReader.deepest else {
      throw .override(text, why: "its path has more than \(YAMLReader.deepest) keys.")
    }
    path = steps
    value = Override.placed(try OverrideValue(String(text[text.index(after: sign)...])).node(of: text), location)
  }

  /// The value belongs to the override wherever one looks inside it.
  private static func placed(_ node: YAMLNode, _ location: FileLocation) -> YAMLNode {
    var node = node
    node.location = location
    switch node.content {
    case .scalar: break
    case .list(let items): node.content = .list(items.map { placed($0, location) })
    case .mapping(let entries):
      node.content = .mapping(
        entries.map { YAMLNode.Entry(key: $0.key, location: location, value: placed($0.value, location)) })
    }
    return node
  }

  /// Returns the tree with the value at the path.
  ///
  /// A reference on the path is replaced first: the value that it names is overridden for the key that refers to it,
  /// and for no other.
  func applied(to root: YAMLNode) throws(SettingsError) -> YAMLNode {
    try put(root, path[...], References(root: root))
  }

  /// Returns `node` with the value at `path`; mappings on the path are created where they are missing, items are not.
  private func put(_ node: YAMLNode, _ path: ArraySlice<Step>, _ references: References) throws(SettingsError)
    -> YAMLNode
  {
    guard let step = path.first else { return value }
    var node = references.target(of: node)
    switch step {
    case .key(let key):
      var entries: [YAMLNode.Entry] = []
      switch node.content {
      case .mapping(let present): entries = present
      case .scalar where node.isNull: break
      default: throw .override(text, why: "'\(key)' is set in \(node.spoken), which has no keys.")
      }
      if let index = entries.firstIndex(where: { $0.key == key }) {
        entries[index].value = try put(entries[index].value, path.dropFirst(), references)
        if path.count == 1 { entries[index].location = location }
      } else {
        let empty = YAMLNode(content: .mapping([]), location: location)
        entries.append(
          YAMLNode.Entry(key: key, location: location, value: try put(empty, path.dropFirst(), references)))
      }
      node.content = .mapping(entries)
    case .index(let index):
      guard case .list(var items) = node.content, index < items.count else {
        throw .override(text, why: "there is no item [\(index)] in \(node.spoken).")
      }
      items[index] = try put(items[index], path.dropFirst(), references)
      node.content = .list(items)
    }
    return node
  }
}
