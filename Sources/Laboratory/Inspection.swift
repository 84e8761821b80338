import Storage

/// The tree of an HDF5 file as text.
struct Inspection {
  private let reader: Reader

  init(_ path: String) throws(StorageError) { reader = try Reader(path) }

  var text: String {
    get throws {
      let kind = reader.text(attribute: "file_type").map { ", \($0)" } ?? ""
      return "\(reader.path)\(kind)\n" + (try lines("/", "  ").joined(separator: "\n")) + "\n"
    }
  }

  private func lines(_ group: String, _ indent: String) throws(StorageError) -> [String] {
    var all: [String] = []
    for name in reader.names(in: group) {
      let path = group == "/" ? "/\(name)" : "\(group)/\(name)"
      if reader.isGroup(path) {
        all += ["\(indent)\(name)/"] + (try lines(path, indent + "  "))
      } else {
        let shape = try reader.shape(of: path)
        all.append("\(indent)\(name)  \(try reader.kind(of: path)) \(shape.isEmpty ? "" : "\(shape)")")
      }
    }
    return all
  }
}
