import Storage

/// The tree of an HDF5 file: groups, and data sets with kind, axes and attributes.
package struct Inspection {
  private let reader: Reader

  /// Opens a file; throws where it is not an HDF5 file.
  package init(_ path: String) throws(StorageError) { reader = try Reader(path) }

  /// The tree for people, a line for each object and attribute.
  package var text: String {
    get throws {
      let kind = reader.text(attribute: "file_type").map { ", \($0)" } ?? ""
      return "\(reader.path)\(kind)\n"
        + ((attributes("/").map { "  @\($0.name) = \($0.value)" } + (try lines("/", "  "))).joined(separator: "\n"))
        + "\n"
    }
  }

  /// Returns the lines of a group's content, indented.
  private func lines(_ group: String, _ indent: String) throws(StorageError) -> [String] {
    var all: [String] = []
    for name in reader.names(in: group) {
      let path = group == "/" ? "/\(name)" : "\(group)/\(name)"
      if reader.isGroup(path) {
        all += ["\(indent)\(name)/"] + attributes(path).map { "\(indent)  @\($0.name) = \($0.value)" }
        all += try lines(path, indent + "  ")
      } else {
        all.append("\(indent)\(name)  \(try reader.kind(of: path))\(try axes(path))")
        all += attributes(path).map { "\(indent)    @\($0.name) = \($0.value)" }
      }
    }
    return all
  }

  /// Returns the lengths of the axes with the names of their scales, " (sample 8, row 32)"; empty for a scalar.
  private func axes(_ path: String) throws(StorageError) -> String {
    let shape = try reader.shape(of: path), names = reader.axes(of: path)
    if reader.isScale(path) { return " (\(shape.map { "\($0)" }.joined(separator: ", "))), a scale" }
    guard !shape.isEmpty else { return "" }
    let parts = shape.indices.map { axis in
      let name = names.indices.contains(axis) ? names[axis] : nil
      return name.map { "\($0) \(shape[axis])" } ?? "\(shape[axis])"
    }
    return " (\(parts.joined(separator: ", ")))"
  }

  /// Returns the attributes without the bookkeeping of HDF5 dimension scales.
  private func attributes(_ object: String) -> [(name: String, value: String)] {
    let hidden: Set<String> = [
      "CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates",
    ]
    return reader.attributes(of: object).filter {
      !hidden.contains($0) || (object != "/" && $0 == "CLASS" && !reader.isScale(object))
    }
    .map { name in
      let value =
        reader.text(attribute: name, of: object).map { JSON.quoted($0) }
        ?? reader.attribute(name, of: object).map { values in
          values.count == 1 ? JSON.number(values[0]).line : JSON.list(values.map { .number($0) }).line
        }
      return (name, value ?? "...")
    }
  }

  /// The data sets as a JSON object.
  package var json: String {
    get throws {
      JSON.object([
        ("file", .text(reader.path)), ("attributes", object(attributes("/"))), ("content", .list(try items("/"))),
      ]).lines
    }
  }

  /// Returns attributes as a JSON object; numbers are numbers.
  private func object(_ attributes: [(name: String, value: String)]) -> JSON {
    .object(
      attributes.map { name, value in
        (
          name,
          value.hasPrefix("\"")
            ? .text(String(value.dropFirst().dropLast())) : Double(value).map { .number($0) } ?? .text(value)
        )
      })
  }

  /// Returns the data sets below a group as JSON objects.
  private func items(_ group: String) throws(StorageError) -> [JSON] {
    var all: [JSON] = []
    for name in reader.names(in: group) {
      let path = group == "/" ? "/\(name)" : "\(group)/\(name)"
      if reader.isGroup(path) {
        all += try items(path)
      } else {
        all.append(
          .object([
            ("path", .text(path)), ("kind", .text("\(try reader.kind(of: path))")),
            ("shape", .list(try reader.shape(of: path).map { .number(Double($0)) })),
            ("axes", .list(reader.axes(of: path).map { $0.map { .text($0) } ?? .null })),
            ("isScale", .bool(reader.isScale(path))), ("attributes", object(attributes(path))),
          ]))
      }
    }
    return all
  }
}
