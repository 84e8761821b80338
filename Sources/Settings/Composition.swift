/// One experiment out of several files: what `extends` names, in order, then the file itself, then a scale of it.
///
/// A mapping is put over a mapping key by key; a section that names another component (`use`) replaces the whole
/// section, since settings of one component mean nothing to another; everything else replaces what was there.
struct Composition {
  /// The bytes of a file; throws in a sentence where they cannot be had.
  let bytes: (String) throws(SettingsError) -> [UInt8]

  /// The most files that extend each other in a row, and the most scales that build on each other.
  private static let longestChain = 64
  /// The most files, and values of all of them: a file may extend many, each of which extends many.
  private static let most = (files: 256, nodes: 200_000)

  /// Files and values read so far.
  private struct Count {
    var files = 0
    var nodes = 0
    var bytes = 0
  }

  /// The tree of a file with all it extends. `scale` picks from the block `scales`; without it the key `scale` of the
  /// file does, if there is one. Both are left out of the tree.
  ///
  /// A scale may replace `sweep`, `seeds` and `expect`, too. One that has a key `scale` itself is put over the scale of
  /// that name: `large: { scale: paper, backbone: { preset: mar-l } }`.
  func tree(of file: String, scale: String?) throws(SettingsError) -> YAMLNode {
    var count = Count()
    let whole = try extended(file, from: nil, under: [], &count)
    guard case .mapping(let entries) = whole.content else { return whole }
    func entry(_ key: String) -> YAMLNode.Entry? { entries.first { $0.key == key } }
    let plain = YAMLNode(
      content: .mapping(entries.filter { !["scale", "scales"].contains($0.key) }), location: whole.location)
    let scales = entry("scales"), usual = entry("scale")
    var name = scale
    if name == nil, let usual {
      guard case .scalar(let text, _) = usual.value.content, !usual.value.isNull else {
        throw .malformed(usual.value.location, why: "'scale' takes the name of one of 'scales'.")
      }
      name = text
    }
    guard let name else { return plain }
    guard let scales, case .mapping(let choices) = scales.value.content else {
      throw .unsuitable(
        scale == nil ? usual?.location ?? whole.location : whole.location,
        why: "this experiment has no scales; leave out \(scale == nil ? "'scale'" : "--scale").")
    }
    return try Self.scaled(
      plain, to: name, of: choices, at: scale == nil ? usual?.value.location ?? scales.location : scales.location,
      by: [])
  }

  /// `plain` under the scale `name`, and before that under those which it builds on.
  private static func scaled(
    _ plain: YAMLNode, to name: String, of choices: [YAMLNode.Entry], at origin: FileLocation, by trail: [String]
  ) throws(SettingsError) -> YAMLNode {
    guard let chosen = choices.first(where: { $0.key == name }) else {
      throw .unknown(key: name, origin, section: "scales", known: choices.map(\.key))
    }
    guard !trail.contains(name) else {
      throw .malformed(origin, why: "scale '\(name)' builds on itself by way of \(trail.joined(separator: ", ")).")
    }
    guard trail.count < longestChain else {
      throw .malformed(origin, why: "more than \(longestChain) scales build on each other.")
    }
    guard case .mapping(let entries) = chosen.value.content else { return plain }
    guard let base = entries.first(where: { $0.key == "scale" }) else { return put(chosen.value, over: plain) }
    guard case .scalar(let other, _) = base.value.content, !base.value.isNull else {
      throw .malformed(base.value.location, why: "'scale' takes the name of one of 'scales'.")
    }
    let under = try scaled(plain, to: other, of: choices, at: base.value.location, by: trail + [name])
    let remaining = YAMLNode(content: .mapping(entries.filter { $0.key != "scale" }), location: chosen.value.location)
    return put(remaining, over: under)
  }

  /// The tree of a file over the trees of the files that it extends, depth first.
  ///
  /// The order: the first file of `extends` lies at the bottom, each later one over it, the file itself on top. The key
  /// `name` is that of a file, and not taken over.
  /// `parents` are the files that are being read: one that returns extends itself. Paths are relative to the folder of
  /// the file.
  private func extended(
    _ file: String, from origin: FileLocation?, under parents: [String], _ count: inout Count
  ) throws(SettingsError) -> YAMLNode {
    if let origin, parents.contains(file) {
      throw .malformed(origin, why: "\(file) extends itself by way of \(parents.joined(separator: ", ")).")
    }
    let content = try bytes(file), root = try YAMLReader.tree(of: content, file: file)
    count.files += 1
    count.nodes += root.size
    count.bytes += content.count
    if let origin {
      guard
        parents.count < Self.longestChain, count.files <= Self.most.files, count.nodes <= Self.most.nodes,
        count.bytes <= YAMLText.limit
      else {
        throw .malformed(
          origin,
          why: "too much is extended here: at most \(Self.longestChain) files in a row, \(Self.most.files) in all, "
            + "\(Self.most.nodes) values and \(YAMLText.limit) bytes.")
      }
    }
    guard case .mapping(let entries) = root.content, let extends = entries.first(where: { $0.key == "extends" }) else {
      return root
    }
    var names: [YAMLNode] = [extends.value]
    if case .list(let items) = extends.value.content { names = items }
    var base: YAMLNode?
    for name in names {
      guard case .scalar(let path, _) = name.content, !name.isNull else {
        throw .malformed(name.location, why: "'extends' takes the path of a file, or a list of them.")
      }
      let folder = file.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
      let full = path.hasPrefix("/") || folder.isEmpty ? path : "\(folder)/\(path)"
      var part: YAMLNode
      do { part = try extended(Self.tidied(full), from: name.location, under: parents + [file], &count) } catch {
        // A file that is not there is this line's mistake, not that file's.
        if case .unreadable(let missing, let why) = error { throw .malformed(name.location, why: "\(missing): \(why)") }
        throw error
      }
      // Two experiments of one name would share a folder.
      if case .mapping(let entries) = part.content { part.content = .mapping(entries.filter { $0.key != "name" }) }
      if let under = base { part = Self.put(part, over: under) }
      base = part
    }
    let remaining = YAMLNode(content: .mapping(entries.filter { $0.key != "extends" }), location: root.location)
    return base.map { Self.put(remaining, over: $0) } ?? remaining
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

  /// Returns one value over another: mappings key by key, all else replaced.
  ///
  /// The order of keys is that of `old`, new keys behind. A `sweep` is replaced as a whole, since combinations of two
  /// files would multiply.
  static func put(_ new: YAMLNode, over old: YAMLNode) -> YAMLNode {
    guard case .mapping(let fresh) = new.content, case .mapping(var entries) = old.content else { return new }
    if let use = component(fresh), use != component(entries) { return new }
    let indices = Dictionary(zip(entries.map(\.key), entries.indices)) { first, _ in first }
    for entry in fresh {
      if let index = indices[entry.key] {
        entries[index] = YAMLNode.Entry(
          key: entry.key, location: entry.location,
          value: entry.key == "sweep" ? entry.value : put(entry.value, over: entries[index].value))
      } else {
        entries.append(entry)
      }
    }
    return YAMLNode(content: .mapping(entries), location: new.location)
  }

  /// The component that a section names by `use`; nil where it names none.
  private static func component(_ entries: [YAMLNode.Entry]) -> String? {
    guard let use = entries.first(where: { $0.key == "use" }), case .scalar(let name, _) = use.value.content else {
      return nil
    }
    return name
  }
}
