/// `${training.steps}`: the value that stands elsewhere in the same experiment, after everything was put over it.
///
/// A value that is nothing but a reference takes what it names, of whatever kind; inside a longer text the words are
/// put in place. What stands under `define` at the top is there for nothing else: `${define.small-head}`.
///
/// References to values that hold references multiply: what is put in place is bounded in values, bytes and levels.
struct References {
  let root: YAMLNode
  /// Values put in place, and bytes of texts looked through, so far.
  private var work = (nodes: 0, bytes: 0)
  private static let most = (nodes: 100_000, bytes: 4 << 20)

  init(root: YAMLNode) { self.root = root }

  /// The tree with every reference replaced; throws for a reference to nothing, and for a circle of references.
  func resolved() throws(SettingsError) -> YAMLNode {
    var references = self
    return try references.resolved(root, [], level: 0)
  }

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

  /// `level` counts the mappings and lists around `node`, those around the references to it included.
  private mutating func resolved(_ node: YAMLNode, _ trail: [String], level: Int) throws(SettingsError) -> YAMLNode {
    var node = node
    try count(node, trail, level)
    switch node.content {
    case .list(let items):
      var all: [YAMLNode] = []
      for item in items { all.append(try resolved(item, trail, level: level + 1)) }
      node.content = .list(all)
    case .mapping(let entries):
      var all: [YAMLNode.Entry] = []
      for entry in entries {
        let value = try resolved(entry.value, trail, level: level + 1)
        all.append(YAMLNode.Entry(key: entry.key, location: entry.location, value: value))
      }
      node.content = .mapping(all)
    case .scalar(let text, _):
      guard firstReference(in: text[...]) != nil else { return node }
      return try filled(text, node, trail, level: level)
    }
    return node
  }

  /// Counts the work for a value that a reference put in place, or that may hold references.
  private mutating func count(_ node: YAMLNode, _ trail: [String], _ level: Int) throws(SettingsError) {
    guard level <= 2 * YAMLReader.deepest, trail.count <= YAMLReader.deepest else {
      throw .malformed(node.location, why: "references put too many mappings and lists in each other here.")
    }
    guard !trail.isEmpty else { return }
    work.nodes += 1
    if case .scalar(let text, _) = node.content { work.bytes += text.utf8.count }
    guard work.nodes <= Self.most.nodes, work.bytes <= Self.most.bytes else {
      throw .malformed(node.location, why: "the references of this experiment unfold to too many values.")
    }
  }

  /// Replaces the references of one scalar. `trail` holds the paths that are being resolved: a path that returns is a
  /// circle.
  private mutating func filled(
    _ text: String, _ node: YAMLNode, _ trail: [String], level: Int
  ) throws(SettingsError) -> YAMLNode {
    var result = "", rest = text[...]
    while let start = firstReference(in: rest) {
      guard let end = rest[start...].firstIndex(of: "}") else {
        throw .malformed(node.location, why: "'${' is not closed by '}'.")
      }
      let path = String(rest[rest.index(start, offsetBy: 2)..<end])
      guard !trail.contains(path) else {
        throw .malformed(
          node.location,
          why: "'${\(shortened(path))}' leads back to itself by way of \(trail.map(shortened).joined(separator: ", "))."
        )
      }
      guard let found = value(at: path) else {
        throw .malformed(node.location, why: "'${\(shortened(path))}' names nothing in this experiment.")
      }
      var target = try resolved(found, trail + [path], level: level)
      if start == text.startIndex, rest.index(after: end) == text.endIndex {
        target.location = node.location
        return target
      }
      guard case .scalar(let words, _) = target.content else {
        throw .malformed(
          node.location,
          why: "'${\(shortened(path))}' is \(target.spoken); inside a text only a single value can stand.")
      }
      result += rest[..<start] + words
      guard result.utf8.count <= YAMLReader.longestScalar else {
        throw .malformed(node.location, why: "this text is filled to more than \(YAMLReader.longestScalar) bytes.")
      }
      rest = rest[rest.index(after: end)...]
    }
    return YAMLNode(content: .scalar(result + rest, isPlain: false), location: node.location)
  }

  private func firstReference(in text: Substring) -> Substring.Index? {
    let bytes = text.utf8
    var start = bytes.startIndex
    while let sign = bytes[start...].firstIndex(of: UInt8(ascii: "$")) {
      start = bytes.index(after: sign)
      if start < bytes.endIndex, bytes[start] == UInt8(ascii: "{") { return sign }
    }
    return nil
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
