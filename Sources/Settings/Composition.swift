/// One experiment out of several files: what `extends` names, in order, then the file itself, then a scale of it.
///
/// A mapping is put over a mapping key by key; a section that names another component (`use`) replaces the whole
/// section, since settings of one component mean nothing to another; everything else replaces what was there.
struct Composition {
  /// The text of a file; throws in a sentence where it cannot be had.
  let text: (String) throws(SettingsError) -> String

  /// The tree of a file with all it extends. `scale` picks from the block `scales`, which is left out of the tree.
  func tree(of file: String, scale: String?) throws(SettingsError) -> YAMLNode {
    let whole = try extended(file, from: nil, under: [])
    guard case .mapping(let entries) = whole.content else { return whole }
    let scales = entries.first { $0.key == "scales" }
    let plain = YAMLNode(content: .mapping(entries.filter { $0.key != "scales" }), place: whole.place)
    guard let scale else { return plain }
    guard let scales, case .mapping(let choices) = scales.value.content else {
      throw .unsuitable(whole.place, why: "this experiment has no scales; leave out --scale.")
    }
    guard let chosen = choices.first(where: { $0.key == scale }) else {
      throw .unknown(key: scale, scales.place, section: "scales", known: choices.map(\.key))
    }
    return Self.put(chosen.value, over: plain)
  }

  private func extended(_ file: String, from spot: Place?, under parents: [String]) throws(SettingsError) -> YAMLNode {
    if let spot, parents.contains(file) {
      throw .malformed(spot, why: "\(file) extends itself by way of \(parents.joined(separator: ", ")).")
    }
    let root = try YAMLReader.tree(of: try text(file), file: file)
    guard case .mapping(let entries) = root.content, let extends = entries.first(where: { $0.key == "extends" }) else {
      return root
    }
    var names: [YAMLNode] = [extends.value]
    if case .list(let items) = extends.value.content { names = items }
    var base: YAMLNode?
    for name in names {
      guard case .scalar(let path, _) = name.content, !name.isNull else {
        throw .malformed(name.place, why: "'extends' takes the path of a file, or a list of them.")
      }
      let folder = file.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
      let full = path.hasPrefix("/") || folder.isEmpty ? path : "\(folder)/\(path)"
      var part: YAMLNode
      do { part = try extended(Self.tidied(full), from: name.place, under: parents + [file]) } catch {
        // A file that is not there is this line's mistake, not that file's.
        if case .unreadable(let missing, let why) = error { throw .malformed(name.place, why: "\(missing): \(why)") }
        throw error
      }
      if let under = base { part = Self.put(part, over: under) }
      base = part
    }
    let own = YAMLNode(content: .mapping(entries.filter { $0.key != "extends" }), place: root.place)
    return base.map { Self.put(own, over: $0) } ?? own
  }

  /// "a/b/../c" is "a/c".
  private static func tidied(_ path: String) -> String {
    var parts: [Substring] = []
    for part in path.split(separator: "/", omittingEmptySubsequences: false) {
      if part == "..", let last = parts.last, last != "..", !last.isEmpty {
        parts.removeLast()
      } else if part != "." {
        parts.append(part)
      }
    }
    return parts.joined(separator: "/")
  }

  /// One value over another.
  static func put(_ new: YAMLNode, over old: YAMLNode) -> YAMLNode {
    guard case .mapping(let fresh) = new.content, case .mapping(var entries) = old.content else { return new }
    if let use = component(fresh), use != component(entries) { return new }
    for entry in fresh {
      if let index = entries.firstIndex(where: { $0.key == entry.key }) {
        entries[index] = YAMLNode.Entry(
          key: entry.key, place: entry.place,
          value: entry.key == "sweep" ? entry.value : put(entry.value, over: entries[index].value))
      } else {
        entries.append(entry)
      }
    }
    return YAMLNode(content: .mapping(entries), place: new.place)
  }

  private static func component(_ entries: [YAMLNode.Entry]) -> String? {
    guard let use = entries.first(where: { $0.key == "use" }), case .scalar(let name, _) = use.value.content else {
      return nil
    }
    return name
  }
}
