import CYAML
import Glibc

/// Builds a tree of values with their locations from libyaml's events.
package struct YAMLReader {
  private let file: String
  private let lines: [String]
  private var parser = yaml_parser_t()
  private var anchors: [String: YAMLNode] = [:]
  /// Nodes read so far, aliases included: a few lines of aliases of aliases can unfold to billions.
  private var nodeCount = 0

  /// The tree of one document; an empty one is an empty mapping.
  package static func tree(of text: String, file: String) throws(SettingsError) -> YAMLNode {
    var reader = YAMLReader(text, file)
    return try reader.read(Array(text.utf8))
  }

  private init(_ text: String, _ file: String) {
    self.file = file
    lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
  }

  private mutating func read(_ bytes: [UInt8]) throws(SettingsError) -> YAMLNode {
    guard yaml_parser_initialize(&parser) == 1 else { throw .unreadable(file: file, why: "out of memory.") }
    defer { yaml_parser_delete(&parser) }
    // libyaml keeps the pointer: it must outlive the parser.
    let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, bytes.count))
    defer { copy.deallocate() }
    copy.initialize(from: bytes, count: bytes.count)
    yaml_parser_set_input_string(&parser, copy, bytes.count)
    _ = try next()  // stream start
    guard try next() == .documentStart else {
      return YAMLNode(
        content: .mapping([]), location: FileLocation(file: file, line: 1, column: 1, source: lines.first))
    }
    let root = try node(try next())
    _ = try next()  // document end
    guard try next() == .streamEnd else {
      throw .malformed(here, why: "a second document starts here; an experiment is one document.")
    }
    return root.isNull ? YAMLNode(content: .mapping([]), location: root.location) : root
  }

  /// The events of libyaml that matter here, without styles and tags.
  private enum Event: Equatable {
    case streamStart, streamEnd, documentStart, documentEnd
    case scalar(String, isPlain: Bool, anchor: String?)
    case alias(String)
    case listStart(anchor: String?), listEnd
    case mappingStart(anchor: String?), mappingEnd
  }

  /// The start of the event read last.
  private var here = FileLocation(file: "", line: 1, column: 1, source: nil)

  private func location(_ mark: yaml_mark_t) -> FileLocation {
    FileLocation(
      file: file, line: mark.line + 1, column: mark.column + 1, source: mark.line < lines.count ? lines[mark.line] : nil
    )
  }

  /// Parses the next event and moves `here` to its start; throws a syntax error with the location that libyaml names.
  private mutating func next() throws(SettingsError) -> Event {
    var event = yaml_event_t()
    guard yaml_parser_parse(&parser, &event) == 1 else {
      let problem = parser.problem.map { String(cString: $0) } ?? "this cannot be read"
      let mark = parser.error == YAML_READER_ERROR ? nil : Optional(parser.problem_mark)
      let origin = mark.map(location) ?? FileLocation(file: file, line: 0, column: 0, source: nil)
      throw .malformed(origin, why: "this is not YAML: \(problem)" + (mark == nil ? "; save the file as UTF-8." : "."))
    }
    defer { yaml_event_delete(&event) }
    here = location(event.start_mark)
    func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? { pointer.map { String(cString: $0) } }
    switch event.type {
    case YAML_STREAM_END_EVENT: return .streamEnd
    case YAML_DOCUMENT_START_EVENT: return .documentStart
    case YAML_DOCUMENT_END_EVENT: return .documentEnd
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      let value = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      return .scalar(value, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE, anchor: text(scalar.anchor))
    case YAML_ALIAS_EVENT: return .alias(text(event.data.alias.anchor) ?? "")
    case YAML_SEQUENCE_START_EVENT: return .listStart(anchor: text(event.data.sequence_start.anchor))
    case YAML_SEQUENCE_END_EVENT: return .listEnd
    case YAML_MAPPING_START_EVENT: return .mappingStart(anchor: text(event.data.mapping_start.anchor))
    case YAML_MAPPING_END_EVENT: return .mappingEnd
    default: return .streamStart
    }
  }

  /// Builds the node that begins with `event`, and consumes its events up to the end.
  private mutating func node(_ event: Event) throws(SettingsError) -> YAMLNode {
    let start = here
    nodeCount += 1
    guard nodeCount < 200_000 else {
      throw .malformed(start, why: "the aliases of this file unfold to too many values.")
    }
    switch event {
    case .scalar(let text, let isPlain, let anchor):
      return keep(YAMLNode(content: .scalar(text, isPlain: isPlain), location: start), anchor)
    case .alias(let name):
      guard var node = anchors[name] else {
        throw .malformed(start, why: "'*\(name)' names nothing that stands before it and is complete.")
      }
      nodeCount += size(node)
      node.location = start
      return node
    case .listStart(let anchor):
      var items: [YAMLNode] = []
      while true {
        let event = try next()
        if event == .listEnd { return keep(YAMLNode(content: .list(items), location: start), anchor) }
        items.append(try node(event))
      }
    case .mappingStart(let anchor):
      return keep(YAMLNode(content: .mapping(try entries()), location: start), anchor)
    default: throw .malformed(start, why: "a value is missing here.")
    }
  }

  /// The entries of a mapping up to its end. Keys of the mapping win over merged ones (`<<`), earlier merged mappings
  /// over later ones.
  private mutating func entries() throws(SettingsError) -> [YAMLNode.Entry] {
    var direct: [YAMLNode.Entry] = [], merged: [YAMLNode.Entry] = []
    while true {
      let event = try next()
      if event == .mappingEnd { break }
      let location = here
      guard case .scalar(let key, let isPlain, _) = event else {
        throw .malformed(location, why: "a key must be a word.")
      }
      let value = try node(try next())
      if key == "<<" && isPlain {
        let parts: [YAMLNode] = if case .list(let items) = value.content { items } else { [value] }
        for part in parts {
          guard case .mapping(let entries) = part.content else {
            throw .malformed(value.location, why: "'<<' takes a mapping or a list of mappings.")
          }
          for entry in entries where !merged.contains(where: { $0.key == entry.key }) { merged.append(entry) }
        }
      } else {
        if let first = direct.first(where: { $0.key == key }) {
          throw .duplicate(key: key, location, first: first.location)
        }
        direct.append(YAMLNode.Entry(key: key, location: location, value: value))
      }
    }
    return direct + merged.filter { entry in !direct.contains { $0.key == entry.key } }
  }

  /// Stores a node under its anchor, if it has one, for later aliases.
  private mutating func keep(_ node: YAMLNode, _ anchor: String?) -> YAMLNode {
    if let anchor { anchors[anchor] = node }
    return node
  }

  /// The number of nodes of a tree, itself included.
  private func size(_ node: YAMLNode) -> Int {
    switch node.content {
    case .scalar: 1
    case .list(let items): items.reduce(1) { $0 + size($1) }
    case .mapping(let entries): entries.reduce(1) { $0 + size($1.value) }
    }
  }
}
