import Storage

/// The tree of an HDF5 file: groups, and data sets with kind, axes and attributes, links, and what cannot be read.
package struct Inspection {
  private let path: String
  private let tree: Tree

  /// Reads the tree of a file, and no values but those of attributes; throws where it is not an HDF5 file.
  package init(_ path: String) throws(StorageError) {
    self.path = path
    tree = Tree(try Reader(path), isDetailed: true)
  }

  /// The number of objects that are damaged; what is sound and only requires more than there is does not count.
  package var damages: Int {
    tree.entries.count { entry in
      switch entry.content {
      case .dataset(let facts): facts.obstacle?.isDamage ?? false
      case .unreadable(let obstacle): obstacle.isDamage
      default: false
      }
    }
  }

  // MARK: Text

  /// The tree for people, a line for each object and attribute.
  package var text: String {
    var kind = ""
    if case .texts(let values, _) = tree.attributes.first(where: { $0.name == "file_type" })?.value {
      kind = values.first.map { ", \($0.printable)" } ?? ""
    }
    var lines = ["\(path)\(kind)"] + attributes(tree.attributes, isRoot: true).map { "  @\($0.name) = \($0.text)" }
    for entry in tree.entries {
      let indent = String(repeating: "  ", count: entry.depth + 1)
      lines.append("\(indent)\(entry.name.printable)\(Self.words(entry.content))")
      let isGroup = if case .group = entry.content { true } else { false }
      lines += attributes(entry.attributes, isScale: entry.isScale).map {
        "\(indent)\(isGroup ? "  " : "    ")@\($0.name) = \($0.text)"
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Returns what follows a name: "  uint8 (sample 8, row 32)", "/", " -> /a/b".
  private static func words(_ content: Tree.Content) -> String {
    switch content {
    case .group: "/"
    case .dataset(let facts): words(facts)
    case .type(let text): "  the type \(text)"
    case .again(let path): "  the same as \(path.printable)"
    case .softLink(let path, let isThere): " -> \(path.printable)\(isThere ? "" : " (which is not there)")"
    case .externalLink(let file, let object):
      " -> \(object.printable) of \(file.printable) (another file, which is not opened)"
    case .unreadable(let obstacle): "  cannot be read: \(obstacle.reason)"
    }
  }

  /// Returns type, lengths of the axes with the names of their scales, first texts, and an obstacle.
  private static func words(_ facts: DatasetFacts) -> String {
    var axes = facts.shape.isEmpty ? "" : " (\(facts.shape.map { "\($0)" }.joined(separator: ", ")))"
    if facts.isNull {
      axes = " (no values)"
    } else if facts.isScale {
      axes += ", a scale"
    } else if !facts.shape.isEmpty {
      let parts = facts.shape.indices.map { axis in
        let name = facts.axes.indices.contains(axis) ? facts.axes[axis] : nil
        return name.map { "\($0.printable) \(facts.shape[axis])" } ?? "\(facts.shape[axis])"
      }
      axes = " (\(parts.joined(separator: ", ")))"
    }
    let texts = facts.texts.isEmpty ? "" : ": " + quoted(facts.texts, of: facts.shape)
    return "  \(facts.type)\(axes)\(texts)" + (facts.obstacle.map { "  cannot be read: \($0.reason)" } ?? "")
  }

  /// Returns the first texts, shortened, with dots where there are more.
  private static func quoted(_ texts: [String], of shape: [Int]) -> String {
    let shown = texts.prefix(longest).map { text in
      JSON.quoted(text.count > length ? String(text.prefix(length)) + "..." : text)
    }
    return shown.joined(separator: ", ") + (shape.contains { $0 > shown.count } ? ", ..." : "")
  }

  /// Texts of a list, and letters of a text in a list, that are shown.
  private static let longest = 8, length = 60

  // MARK: Attributes

  /// The bookkeeping of HDF5 dimension scales.
  private static let hidden: Set<String> = [
    "CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates",
  ]

  /// Returns names and values of the attributes without the bookkeeping of dimension scales.
  private func attributes(
    _ all: [(name: String, value: AttributeValue)], isRoot: Bool = false, isScale: Bool = false
  ) -> [(name: String, text: String, json: JSON)] {
    all.filter { !Self.hidden.contains($0.name) || (!isRoot && $0.name == "CLASS" && !isScale) }.map { name, value in
      let (text, json) = Self.value(value)
      return (name.printable, text, json)
    }
  }

  /// Returns the value of an attribute for people and as JSON; long lists are cut for people.
  private static func value(_ value: AttributeValue) -> (String, JSON) {
    switch value {
    case .texts(let texts, let shape):
      guard texts.count > 1 else {
        return texts.first.map { (JSON.quoted($0), .text($0)) } ?? ("no values", .list([]))
      }
      return ("[\(quoted(texts, of: shape))] (\(texts.count))", .list(texts.map { .text($0) }))
    case .numbers(let numbers, let shape):
      if numbers.count == 1 { return (JSON.number(numbers[0]).line, .number(numbers[0])) }
      guard !numbers.isEmpty else { return ("no values", .list([])) }
      let shown = numbers.prefix(64).map { JSON.number($0) }
      let text = JSON.list(shown).line
      let json = JSON.list(numbers.map { .number($0) })
      guard shown.count < numbers.count else { return (text, json) }
      return ("\(text.dropLast()), ...] (\(shape.map { "\($0)" }.joined(separator: ", ")))", json)
    case .other(let type): return ("... (\(type))", .text(type))
    }
  }

  // MARK: JSON

  /// The data sets, and links and objects that are none, as a JSON object.
  package var json: String {
    JSON.object([
      ("file", .text(path)), ("attributes", Self.object(attributes(tree.attributes, isRoot: true))),
      ("content", .list(tree.entries.compactMap(item))),
    ]).lines
  }

  private static func object(_ attributes: [(name: String, text: String, json: JSON)]) -> JSON {
    .object(attributes.map { ($0.name, $0.json) })
  }

  /// Returns an entry as a JSON object; nil for groups.
  private func item(_ entry: Tree.Entry) -> JSON? {
    let path = JSON.text(entry.path.printable)
    func object(_ kind: String, _ fields: [(String, JSON)]) -> JSON {
      .object([("path", path), ("kind", .text(kind))] + fields)
    }
    switch entry.content {
    case .group: return nil
    case .dataset(let facts):
      let axes = facts.shape.indices.map { axis in
        (facts.axes.indices.contains(axis) ? facts.axes[axis] : nil).map { JSON.text($0.printable) } ?? .null
      }
      return object(
        facts.type,
        [
          ("shape", facts.isNull ? .null : .list(facts.shape.map { .number(Double($0)) })), ("axes", .list(axes)),
          ("isScale", .bool(facts.isScale)),
          ("attributes", Self.object(attributes(entry.attributes, isScale: entry.isScale))),
        ] + (facts.obstacle.map { [("obstacle", .text($0.reason))] } ?? []))
    case .type(let text): return object("type", [("type", .text(text))])
    case .again(let first): return object("hard link", [("target", .text(first.printable))])
    case .softLink(let target, let isThere):
      return object("soft link", [("target", .text(target.printable)), ("isThere", .bool(isThere))])
    case .externalLink(let file, let target):
      return object("external link", [("file", .text(file.printable)), ("target", .text(target.printable))])
    case .unreadable(let obstacle): return object("unreadable", [("obstacle", .text(obstacle.reason))])
    }
  }
}

extension Tree.Entry {
  /// True for dimension scales.
  fileprivate var isScale: Bool { if case .dataset(let facts) = content { facts.isScale } else { false } }
}
