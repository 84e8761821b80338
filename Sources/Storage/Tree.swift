import CHDF5

/// Everything that an HDF5 file links to, depth first, every object once: a group inside itself ends.
///
/// Other files are never opened. What cannot be read is listed with the reason, and the rest goes on.
package struct Tree: Sendable {
  /// One link, and what it leads to.
  package struct Entry: Sendable {
    /// The path from the root: "/model/weight".
    package var path: String
    /// The number of groups around it: 0 in the root.
    package var depth: Int
    /// The target.
    package var content: Content
    /// Attributes of a group or data set.
    package var attributes: [(name: String, value: AttributeValue)] = []

    /// The last part of the path.
    package var name: String { String(path[path.index(after: path.lastIndex(of: "/") ?? path.startIndex)...]) }
  }

  /// The target of a link.
  package enum Content: Sendable {
    /// A group, whose links follow.
    case group
    /// A data set.
    case dataset(DatasetFacts)
    /// A named type, in words.
    case type(String)
    /// An object that was listed before under another path.
    case again(as: String)
    /// A path in the same file; false where there is no object.
    case softLink(String, isThere: Bool)
    /// An object of another file.
    case externalLink(file: String, object: String)
    /// Something that cannot be read.
    case unreadable(Obstacle)
  }

  /// The entries below the root.
  package private(set) var entries: [Entry] = []
  /// The attributes of the root.
  package private(set) var attributes: [(name: String, value: AttributeValue)] = []
  private var visited: [haddr_t: String] = [:]

  /// Groups inside each other that are read.
  private static let depth = 64

  /// Lists a file, or what is below one of its groups; `isDetailed` reads attributes and scales, too.
  package init(_ reader: Reader, below group: String = "/", isDetailed: Bool) {
    HDF5.locked {
      guard let root = Handle(H5Gopen2(reader.file.id, ObjectName.bytes(group), HDF5.standard), H5Gclose) else {
        entries = [Entry(path: group, depth: 0, content: .unreadable(.damage("it is damaged.")))]
        return
      }
      if let address = Self.information(root.id)?.addr { visited[address] = group }
      if isDetailed { attributes = reader.attributeValues(of: root.id) }
      visit(root.id, path: group == "/" ? "" : group, depth: 0, in: reader, isDetailed: isDetailed)
    }
  }

  /// Paths of all data sets.
  package var datasets: [String] {
    entries.compactMap { if case .dataset = $0.content { $0.path } else { nil } }
  }

  private static func information(_ object: hid_t) -> H5O_info_t? {
    var info = H5O_info_t()
    return H5Oget_info2(object, &info, UInt32(H5O_INFO_BASIC)) >= 0 ? info : nil
  }

  private mutating func visit(_ group: hid_t, path: String, depth: Int, in reader: Reader, isDetailed: Bool) {
    let links = Reader.links(of: group)
    if !links.isWhole {
      let name = path.isEmpty ? "/" : path
      entries.append(
        Entry(path: name, depth: depth, content: .unreadable(.damage("the list of its objects is damaged."))))
    }
    for link in links.found {
      var entry = Entry(path: "\(path)/\(link.name)", depth: depth, content: .unreadable(.damage("it is damaged.")))
      guard link.kind == .hard else {
        entry.content = Self.content(of: link, in: group)
        entries.append(entry)
        continue
      }
      let object = Handle(H5Oopen(group, ObjectName.bytes(link.name), HDF5.standard), H5Oclose)
      guard let object, let info = Self.information(object.id) else {
        entries.append(entry)
        continue
      }
      if let first = visited.updateValue(entry.path, forKey: info.addr) {
        visited[info.addr] = first
        entry.content = .again(as: first)
        entries.append(entry)
        continue
      }
      if isDetailed, info.type != H5O_TYPE_NAMED_DATATYPE { entry.attributes = reader.attributeValues(of: object.id) }
      switch info.type {
      case H5O_TYPE_GROUP where depth + 1 >= Self.depth:
        entry.content = .unreadable(Obstacle("it is more than \(Self.depth) groups deep."))
        entries.append(entry)
      case H5O_TYPE_GROUP:
        entry.content = .group
        entries.append(entry)
        visit(object.id, path: entry.path, depth: depth + 1, in: reader, isDetailed: isDetailed)
      case H5O_TYPE_DATASET:
        entry.content = .dataset(DatasetFacts(object.id, reader, isDetailed: isDetailed))
        entries.append(entry)
      case H5O_TYPE_NAMED_DATATYPE:
        entry.content = .type(TypeName.text(object.id))
        entries.append(entry)
      default: entries.append(entry)
      }
    }
  }

  /// Returns where a link leads that is not a hard one.
  private static func content(of link: Reader.Link, in group: hid_t) -> Content {
    guard link.kind != .other else {
      return .unreadable(Obstacle("it is a link of a kind that this HDF5 library does not have."))
    }
    guard let target = Reader.target(of: link.name, in: group) else {
      return .unreadable(.damage("it is a damaged link."))
    }
    if let file = target.file { return .externalLink(file: file, object: target.object) }
    return .softLink(
      target.object, isThere: H5Oexists_by_name(group, ObjectName.bytes(target.object), HDF5.standard) > 0)
  }
}
