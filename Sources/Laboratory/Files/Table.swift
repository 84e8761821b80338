import Storage

/// Columns of equal length with names, for CSV.
package struct Table {
  package var columns: [(name: String, cells: [String])] = []

  /// RFC 4180; cells with commas, quotes or line breaks are quoted.
  package var csv: String {
    func quoted(_ text: String) -> String {
      guard text.contains(where: { ",\"\n\r".contains($0) }) else { return text }
      return "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
    let count = columns.first?.cells.count ?? 0
    let rows = [columns.map(\.name)] + (0..<count).map { row in columns.map { $0.cells[row] } }
    return rows.map { $0.map(quoted).joined(separator: ",") }.joined(separator: "\n") + "\n"
  }
}

extension Table {
  /// Series over steps, one row a step, in a file of metrics: empty cells where a series has no number.
  init(metrics reader: Reader) throws(StorageError) {
    var series: [(name: String, points: [String: String])] = [], steps: [Double: String] = [:]
    for group in reader.names(in: "/") {
      for name in reader.names(in: group) where !name.hasSuffix("_step") && reader.has("\(group)/\(name)_step") {
        let numbers = try reader.doubles("\(group)/\(name)_step")
        let keys = numbers.map { Int(exactly: $0).map { "\($0)" } ?? "\($0)" }
        for (number, key) in zip(numbers, keys) { steps[number] = key }
        series.append(
          ("\(group)/\(name)", Dictionary(zip(keys, try reader.raw("\(group)/\(name)").texts)) { _, last in last }))
      }
    }
    let rows = steps.sorted { $0.key < $1.key }.map(\.value)
    columns = [("step", rows)] + series.map { entry in (entry.name, rows.map { entry.points[$0] ?? "" }) }
  }

  /// Every data set of one axis that lies along a given scale, beside the scale itself.
  init(along scale: String, of names: [String], in reader: Reader) throws(StorageError) {
    let axis = String(scale.split(separator: "/").last ?? "")
    columns = [(axis, try Self.cells(scale, reader))]
    for name in names { columns.append((String(name.dropFirst()), try Self.cells(name, reader))) }
  }

  /// One data set: an axis down, another across; with more axes, a row for each number.
  init(of name: String, in reader: Reader) throws(StorageError) {
    let shape = try reader.shape(of: name), scales = reader.scales(of: name), cells = try Self.cells(name, reader)
    let last = String(name.split(separator: "/").last ?? "")
    func labels(_ axis: Int) throws(StorageError) -> [String] {
      guard scales.indices.contains(axis), let scale = scales[axis] else { return (0..<shape[axis]).map { "\($0)" } }
      return try Self.cells(scale, reader)
    }
    func title(_ axis: Int) -> String {
      (scales.indices.contains(axis) ? scales[axis] : nil)?.split(separator: "/").last.map(String.init)
        ?? "axis \(axis)"
    }
    switch shape.count {
    case 0: columns = [(last, cells)]
    case 1: columns = [(title(0), try labels(0)), (last, cells)]
    case 2:
      columns = [(title(0), try labels(0))]
      for (column, label) in try labels(1).enumerated() {
        columns.append((label, (0..<shape[0]).map { cells[$0 * shape[1] + column] }))
      }
    default:
      for axis in shape.indices {
        let inner = shape[(axis + 1)...].reduce(1, *), own = try labels(axis)
        columns.append((title(axis), cells.indices.map { own[$0 / max(1, inner) % shape[axis]] }))
      }
      columns.append((last, cells))
    }
  }

  /// Texts as they are; whole numbers without a point.
  private static func cells(_ name: String, _ reader: Reader) throws(StorageError) -> [String] {
    if try reader.kind(of: name) == .text { return try reader.texts(name) }
    let texts = try reader.raw(name).texts
    return reader.isScale(name) ? texts.map { $0.hasSuffix(".0") ? String($0.dropLast(2)) : $0 } : texts
  }
}
