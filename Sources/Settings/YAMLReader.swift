import CYAML
import Glibc

/// Builds a tree of values with their locations from libyaml's events.
///
/// Bounds: mappings and lists in each other, values with those that aliases repeat, the length of one value.
package struct YAMLReader {
  /// The most mappings and lists in each other; what reads a tree calls itself once a level.
  static let deepest = 64
  /// The most values, those repeated by aliases included.
  static let mostNodes = 100_000
  /// The most bytes of one scalar.
  static let longestScalar = 1 << 16

  private let file: String
  private let text: YAMLText
  private var parser = yaml_parser_t()
  private var anchors: [String: Anchored] = [:]
  private var nodeCount = 0
  /// The lists and mappings that are open, the innermost last, with the sign of those in brackets or braces.
  private var open: [(sign: String?, location: FileLocation)] = []
  /// The number and the text of the line shown last.
  private var shown: (index: Int, text: String?) = (-1, nil)

  /// The node that an alias repeats; `height` counts the mappings and lists in each other.
  private struct Anchored {
    var node: YAMLNode
    var size: Int
    var height: Int
  }

  /// The tree of one document; an empty one is an empty mapping.
  package static func tree(of text: String, file: String) throws(SettingsError) -> YAMLNode {
    try tree(of: Array(text.utf8), file: file)
  }

  /// The tree of one document in UTF-8, with or without a byte order mark; every refusal has a line and a column.
  package static func tree(of bytes: [UInt8], file: String) throws(SettingsError) -> YAMLNode {
    var reader = YAMLReader(try YAMLText(bytes, file: file), file)
    return try reader.read()
  }

  private init(_ text: YAMLText, _ file: String) {
    self.file = file
    self.text = text
  }

  private mutating func read() throws(SettingsError) -> YAMLNode {
    guard yaml_parser_initialize(&parser) == 1 else { throw .unreadable(file: file, why: "out of memory.") }
    defer { yaml_parser_delete(&parser) }
    // libyaml keeps the pointer: it must outlive the parser.
    let copy = UnsafeMutablePointer<UInt8>.allocate(capacity: max(1, text.bytes.count))
    defer { copy.deallocate() }
    copy.initialize(from: text.bytes, count: text.bytes.count)
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING)
    yaml_parser_set_input_string(&parser, copy, text.bytes.count)
    _ = try next()  // stream start
    guard try next() == .documentStart else {
      return YAMLNode(
        content: .mapping([]), location: FileLocation(file: file, line: 1, column: 1, source: text.line(0)))
    }
    let root = try node(try next(), level: 0).node
    _ = try next()  // document end
    guard try next() == .streamEnd else {
      throw .malformed(here, why: "a second document starts here; an experiment is one document.")
    }
    return root.isNull ? YAMLNode(content: .mapping([]), location: root.location) : root
  }

  // MARK: Events

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

  private mutating func location(_ mark: yaml_mark_t) -> FileLocation {
    if shown.index != mark.line { shown = (mark.line, text.line(mark.line)) }
    return FileLocation(file: file, line: mark.line + 1, column: mark.column + 1, source: shown.text)
  }

  /// Parses the next event and moves `here` to its start; throws a syntax error with the location that libyaml names.
  private mutating func next() throws(SettingsError) -> Event {
    var event = yaml_event_t()
    guard yaml_parser_parse(&parser, &event) == 1 else { throw syntaxError() }
    defer { yaml_event_delete(&event) }
    here = location(event.start_mark)
    func text(_ pointer: UnsafeMutablePointer<yaml_char_t>?) -> String? { pointer.map { String(cString: $0) } }
    switch event.type {
    case YAML_STREAM_END_EVENT: return .streamEnd
    case YAML_DOCUMENT_START_EVENT: return .documentStart
    case YAML_DOCUMENT_END_EVENT: return .documentEnd
    case YAML_SCALAR_EVENT:
      let scalar = event.data.scalar
      guard scalar.length <= Self.longestScalar else {
        throw .malformed(
          here, why: "this value has \(scalar.length) bytes, and at most \(Self.longestScalar) are read.")
      }
      let value = String(decoding: UnsafeBufferPointer(start: scalar.value, count: scalar.length), as: UTF8.self)
      let isPlain = try YAMLTag(text(scalar.tag)).isPlain(
        value, isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE, at: here)
      return .scalar(value, isPlain: isPlain, anchor: text(scalar.anchor))
    case YAML_ALIAS_EVENT: return .alias(text(event.data.alias.anchor) ?? "")
    case YAML_SEQUENCE_START_EVENT:
      let list = event.data.sequence_start
      try begin(tag: text(list.tag), is: "!!seq", bracket: list.style == YAML_FLOW_SEQUENCE_STYLE ? "'['" : nil)
      return .listStart(anchor: text(list.anchor))
    case YAML_SEQUENCE_END_EVENT:
      open.removeLast()
      return .listEnd
    case YAML_MAPPING_START_EVENT:
      let mapping = event.data.mapping_start
      try begin(tag: text(mapping.tag), is: "!!map", bracket: mapping.style == YAML_FLOW_MAPPING_STYLE ? "'{'" : nil)
      return .mappingStart(anchor: text(mapping.anchor))
    case YAML_MAPPING_END_EVENT:
      open.removeLast()
      return .mappingEnd
    default: return .streamStart
    }
  }

  /// Notes where a list or mapping begins, for errors of its end; throws where its tag is another than `expected`.
  private mutating func begin(tag: String?, is expected: String, bracket: String?) throws(SettingsError) {
    try YAMLTag(tag).check(expected, at: here)
    open.append((bracket, here))
  }

  /// The error that stopped libyaml: its words, the location, and where that began which is not closed.
  private mutating func syntaxError() -> SettingsError {
    let origin = location(parser.problem_mark)
    var why = "this is not YAML: \(parser.problem.map { String(cString: $0) } ?? "this cannot be read")"
    let start = parser.context_mark, mark = parser.problem_mark
    let context = parser.context.map { String(cString: $0) } ?? ""
    let opened: String? =
      switch context {
      case "while scanning a quoted scalar": "the quote"
      case "while scanning a simple key": "the key"
      case "while parsing a block mapping": "the mapping"
      case "while parsing a block collection": "the list"
      default: nil
      }
    if let opened, (start.line, start.column) != (mark.line, mark.column) {
      why += "; \(opened) began at \(start.line + 1):\(start.column + 1)"
    } else if context.contains("a flow"), let last = open.last, let sign = last.sign {
      why += "; the \(sign) began at \(last.location.line):\(last.location.column)"
    }
    // A tab that indents and a character that YAML reserves have the same words.
    if why.hasSuffix("found character that cannot start any token") {
      let column = origin.source?.unicodeScalars.dropFirst(origin.column - 1).first
      why += column == "\t" ? "; indent with spaces, not tabs" : "; put the value in quotes"
    }
    return .malformed(origin, why: why + ".")
  }

  // MARK: Nodes

  /// Builds the node that begins with `event`, and consumes its events up to the end. `level` counts the mappings and
  /// lists around it, the height those in each other from it on.
  private mutating func node(_ event: Event, level: Int) throws(SettingsError) -> (node: YAMLNode, height: Int) {
    let start = here, before = nodeCount
    try count(1, at: start)
    switch event {
    case .scalar(let text, let isPlain, let anchor):
      let node = YAMLNode(content: .scalar(text, isPlain: isPlain), location: start)
      return keep(node, height: 0, since: before, anchor)
    case .alias(let name):
      guard var known = anchors[name] else {
        throw .malformed(start, why: "'*\(shortened(name))' names nothing that stands before it and is complete.")
      }
      try count(known.size - 1, at: start)
      try check(level + known.height, at: start)
      known.node.location = start
      return (known.node, known.height)
    case .listStart(let anchor):
      try check(level + 1, at: start)
      var items: [YAMLNode] = [], height = 1
      while true {
        let event = try next()
        if event == .listEnd { break }
        let item = try node(event, level: level + 1)
        items.append(item.node)
        height = max(height, item.height + 1)
      }
      return keep(YAMLNode(content: .list(items), location: start), height: height, since: before, anchor)
    case .mappingStart(let anchor):
      try check(level + 1, at: start)
      let (entries, height) = try entries(level: level + 1)
      return keep(YAMLNode(content: .mapping(entries), location: start), height: height + 1, since: before, anchor)
    default: throw .malformed(start, why: "a value is missing here.")
    }
  }

  /// The entries of a mapping up to its end, and the largest height of their values. Keys of the mapping win over
  /// merged ones (`<<`), earlier merged mappings over later ones.
  private mutating func entries(level: Int) throws(SettingsError) -> ([YAMLNode.Entry], height: Int) {
    var direct: [YAMLNode.Entry] = [], merged: [YAMLNode.Entry] = [], height = 0
    var first: [String: FileLocation] = [:], mergedKeys: Set<String> = []
    while true {
      let event = try next()
      if event == .mappingEnd { break }
      let location = here
      guard case .scalar(let key, let isPlain, _) = event else {
        throw .malformed(location, why: "a key must be a word.")
      }
      let value = try node(try next(), level: level)
      height = max(height, value.height)
      if key == "<<" && isPlain {
        let parts: [YAMLNode] = if case .list(let items) = value.node.content { items } else { [value.node] }
        for part in parts {
          guard case .mapping(let entries) = part.content else {
            throw .malformed(value.node.location, why: "'<<' takes a mapping or a list of mappings.")
          }
          for entry in entries where mergedKeys.insert(entry.key).inserted { merged.append(entry) }
        }
      } else {
        if let first = first[key] { throw .duplicate(key: key, location, first: first) }
        first[key] = location
        direct.append(YAMLNode.Entry(key: key, location: location, value: value.node))
      }
    }
    return (direct + merged.filter { first[$0.key] == nil }, height)
  }

  /// Stores a node under its anchor, if it has one, for later aliases.
  private mutating func keep(
    _ node: YAMLNode, height: Int, since before: Int, _ anchor: String?
  ) -> (node: YAMLNode, height: Int) {
    if let anchor { anchors[anchor] = Anchored(node: node, size: nodeCount - before, height: height) }
    return (node, height)
  }

  /// Counts nodes; throws where the aliases of a short file unfold to too many.
  private mutating func count(_ more: Int, at start: FileLocation) throws(SettingsError) {
    nodeCount += more
    guard nodeCount <= Self.mostNodes else {
      let repeated = anchors.isEmpty ? "" : ", those that aliases repeat included"
      throw .malformed(start, why: "this file has more than \(Self.mostNodes) values\(repeated).")
    }
  }

  private func check(_ level: Int, at start: FileLocation) throws(SettingsError) {
    guard level <= Self.deepest else {
      throw .malformed(start, why: "more than \(Self.deepest) mappings and lists stand in each other here.")
    }
  }
}
