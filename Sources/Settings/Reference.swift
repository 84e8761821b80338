/// `${training.steps}`: the value that stands elsewhere in the same experiment, after everything was put over it.
///
/// A value that is nothing but a reference takes what it names, of whatever kind; inside a longer text the words are
/// put in place. What stands under `define` at the top is there for nothing else: `${define.small-head}`.
struct References {
  let root: YAMLNode

  /// The tree with every reference replaced; throws for a reference to nothing, and for a circle of references.
  func resolved() throws(SettingsError) -> YAMLNode { try resolved(root, []) }

  /// The node that a reference names, unresolved; any other node itself.
  func target(of node: YAMLNode) -> YAMLNode {
    var node = node
    // A circle ends here, too, and is refused when it is resolved.
    for _ in 0..<16 {
      guard case .scalar(let text, _) = node.content, text.hasPrefix("${"),
        text.firstIndex(of: "}") == text.indices.last,
        let found = value(at: String(text.dropFirst(2).dropLast()))
      else { break }
      node = found
    }
    return node
  }

  private func resolved(_ node: YAMLNode, _ trail: [String]) throws(SettingsError) -> YAMLNode {
    var node = node
    switch node.content {
    case .list(let items):
      var all: [YAMLNode] = []
      for item in items { all.append(try resolved(item, trail)) }
      node.content = .list(all)
    case .mapping(let entries):
      var all: [YAMLNode.Entry] = []
      for entry in entries {
        all.append(YAMLNode.Entry(key: entry.key, location: entry.location, value: try resolved(entry.value, trail)))
      }
      node.content = .mapping(all)
    case .scalar(let text, _):
      guard text.contains("${") else { return node }
      return try filled(text, node, trail)
    }
    return node
  }

  /// Replaces the references of one scalar. `trail` holds the paths that are being resolved: a path that returns is a
  /// circle.
  private func filled(_ text: String, _ node: YAMLNode, _ trail: [String]) throws(SettingsError) -> YAMLNode {
    var result = "", rest = text[...]
    while let start = firstReference(in: rest) {
      guard let end = rest[start...].firstIndex(of: "}") else {
        throw .malformed(node.location, why: "'${' is not closed by '}'.")
      }
      let path = String(rest[rest.index(start, offsetBy: 2)..<end])
      guard !trail.contains(path) else {
        throw .malformed(
          node.location, why: "'${\(path)}' leads back to itself by way of \(trail.joined(separator: ", ")).")
      }
      guard let found = value(at: path) else {
        throw .malformed(node.location, why: "'${\(path)}' names nothing in this experiment.")
      }
      var target = try resolved(found, trail + [path])
      if start == text.startIndex, rest.index(after: end) == text.endIndex {
        target.location = node.location
        return target
      }
      guard case .scalar(let words, _) = target.content else {
        throw .malformed(
          node.location, why: "'${\(path)}' is \(target.spoken); inside a text only a single value can stand.")
      }
      result += rest[..<start] + words
      rest = rest[rest.index(after: end)...]
    }
    return YAMLNode(content: .scalar(result + rest, isPlain: false), location: node.location)
  }

  private func firstReference(in text: Substring) -> Substring.Index? {
    text.indices.first { text[$0...].hasPrefix("${") }
  }

  /// The node at a dotted path through mappings, from the root; nil where a key is missing.
  private func value(at path: String) -> YAMLNode? {
    var node = root
    for key in path.split(separator: ".", omittingEmptySubsequences: false) {
      guard case .mapping(let entries) = node.content, let entry = entries.first(where: { $0.key == key }) else {
        return nil
      }
      node = entry.value
    }
    return node
  }
}
