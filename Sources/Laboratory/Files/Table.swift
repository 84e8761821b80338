import Storage

/// Named columns of equal length, for CSV.
package struct Table {
  /// The columns in order, with their cells as text.
  package var columns: [(name: String, cells: [String])] = []

  /// The table as CSV, RFC 4180, with a header.
  package var csv: String {
    let count = columns.first?.cells.count ?? 0
    let rows = [columns.map(\.name)] + (0..<count).map { row in columns.map { $0.cells[row] } }
    return rows.map { $0.map(Quoting.csv).joined(separator: ",") }.joined(separator: "\n") + "\n"
  }
}

extension Table {
  /// The series of a file of metrics: a row for each step, with empty cells where a series has no value.
  init(metrics reader: Reader) throws(StorageError) {
    var series: [(name: String, points: [String: String])] = [], steps: [Double: String] = [:]
    for group in reader.names(in: "/") {
      for name in reader.names(in: group) where !name.hasSuffix("_step") && reader.has("\(group)/\(name)_step") {
        let numbers = try reader.doubles("\(group)/\(name)_step"), values = try reader.raw("\(group)/\(name)").texts
        try Self.check("\(group)/\(name)", shape: [values.count], expected: [numbers.count], in: reader)
        let keys = numbers.map { Int(exactly: $0).map { "\($0)" } ?? "\($0)" }
        for (number, key) in zip(numbers, keys) { steps[number] = key }
        series.append(
          ("\(group)/\(name)", Dictionary(zip(keys, values)) { _, last in last }))
      }
    }
    let rows = steps.sorted { $0.key < $1.key }.map(\.value)
    columns = [("step", rows)] + series.map { entry in (entry.name, rows.map { entry.points[$0] ?? "" }) }
  }

  /// Data sets of one axis beside the scale of that axis. Throws where their lengths differ.
  init(along scale: String, of names: [String], in reader: Reader) throws(StorageError) {
    let axis = String(scale.split(separator: "/").last ?? "")
    columns = [(axis, try Self.cells(scale, reader))]
    for name in names {
      let cells = try Self.cells(name, reader)
      try Self.check(scale, shape: [columns[0].cells.count], expected: [cells.count], in: reader)
      columns.append((String(name.dropFirst()), cells))
    }
  }

  /// One data set: a row for each index of the first axis and a column for each of the second; with more axes, a row
  /// for each element. Throws where a scale is longer or shorter than its axis.
  init(of name: String, in reader: Reader) throws(StorageError) {
    let shape = try reader.shape(of: name), scales = reader.scales(of: name), cells = try Self.cells(name, reader)
    let last = String(name.split(separator: "/").last ?? "")
    func labels(_ axis: Int) throws(StorageError) -> [String] {
      guard scales.indices.contains(axis), let scale = scales[axis] else { return (0..<shape[axis]).map { "\($0)" } }
      let cells = try Self.cells(scale, reader)
      try Self.check(scale, shape: [cells.count], expected: [shape[axis]], in: reader)
      return cells
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
        let stride = shape[(axis + 1)...].reduce(1, *), labels = try labels(axis)
        columns.append((title(axis), cells.indices.map { labels[$0 / max(1, stride) % shape[axis]] }))
      }
      columns.append((last, cells))
    }
  }

  /// Throws if a data set has another shape than expected.
  private static func check(
    _ name: String, shape found: [Int], expected wanted: [Int], in reader: Reader
  ) throws(StorageError) {
    guard found == wanted else { throw .wrongShape(path: reader.path, name: name, found: found, wanted: wanted) }
  }

  /// Returns the elements of a data set as text; the whole numbers of scales are written without a point.
  private static func cells(_ name: String, _ reader: Reader) throws(StorageError) -> [String] {
    if try reader.kind(of: name) == .text { return try reader.texts(name) }
    let texts = try reader.raw(name).texts
    return reader.isScale(name) ? texts.map { $0.hasSuffix(".0") ? String($0.dropLast(2)) : $0 } : texts
  }
}
