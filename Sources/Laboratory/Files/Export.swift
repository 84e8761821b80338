import Files
import Foundation
import Images
import Storage

/// The data sets of an HDF5 file, written in other formats: npz, npy, CSV, PNG.
package struct Export {
  private let reader: Reader
  /// Paths of the data sets to write.
  private let names: [String]
  /// True where the caller named them.
  private let isChosen: Bool
  /// Second names of data sets, which are written once.
  private var others: [String] = []
  /// Objects that are damaged: a sentence each.
  private var damages: [String] = []

  /// `chosen` holds paths of data sets or groups; all data sets where it is empty. Throws where one does not exist.
  package init(_ path: String, only chosen: [String]) throws(StorageError) {
    reader = try Reader(path)
    isChosen = !chosen.isEmpty
    guard isChosen else {
      let tree = Tree(reader, isDetailed: false)
      // The checksums of Overtone's files are no result.
      names = tree.datasets.filter { $0 != "/\(Verification.dataset)" }
      damages = tree.entries.compactMap { entry in
        guard case .unreadable(let obstacle) = entry.content else { return nil }
        return "'\(entry.path.printable)' cannot be read: \(obstacle.reason)"
      }
      guard !names.isEmpty || damages.isEmpty else {
        throw .unreadable(path: path, why: damages[0])
      }
      others = tree.entries.compactMap { entry in
        if case .again(let first) = entry.content, names.contains(first) { entry.path } else { nil }
      }
      return
    }
    var all: [String] = []
    for name in chosen {
      let path = name.hasPrefix("/") ? name : "/\(name)"
      // A missing name is refused with the nearest one.
      all += reader.isGroup(path) ? Tree(reader, below: path, isDetailed: false).datasets : [path]
      if !reader.isGroup(path) { _ = try reader.shape(of: path) }
    }
    names = all
  }

  /// Writes to a `.npz`, `.csv` or `.png` file, or into a folder; returns a line for each file, and for what was left
  /// out, and the number of objects that cannot be read. `index` chooses one image, `columns` the width of a contact
  /// sheet.
  ///
  /// Names of the file never lead out of the folder or the archive. A data set that cannot be read leaves the others
  /// as they are; where the caller named it, it throws.
  package func write(to output: String, index: Int?, columns: Int?) throws -> (lines: [String], unread: Int) {
    // Data sets that cannot be read, with the reason: a sentence each.
    var unread = damages
    let lines = try writeAll(to: output, index, columns, &unread)
    let names = others.isEmpty ? [] : ["left out, as other names: \(Self.list(others))"]
    return (lines + names + unread.map { "left out: \($0)" }, unread.count)
  }

  private static func list(_ names: [String]) -> String { names.map(\.printable).joined(separator: ", ") }

  private func writeAll(to output: String, _ index: Int?, _ columns: Int?, _ unread: inout [String]) throws -> [String]
  {
    switch URL(fileURLWithPath: output).pathExtension.lowercased() {
    case "npz": try archive(output, &unread)
    case "csv": try table(output)
    case "png": try image(output, index, columns)
    case "": try folder(output, &unread)
    case let other:
      throw LaboratoryError("\(output): '.\(other)' is not written; name a .npz, .csv or .png file, or a folder.")
    }
  }

  // MARK: Arrays

  /// Returns a data set as NumPy writes it; nil for kinds that NumPy does not have.
  private func array(_ name: String) throws -> NumPyArray? {
    switch try reader.kind(of: name) {
    case .text: try NumPyArray(reader.texts(name), shape: reader.shape(of: name))
    case .other: nil
    default: NumPyArray(try reader.raw(name))
    }
  }

  /// Returns what `read` reads; notes the reason where it cannot be read and the user did not name it.
  private func readable<Result>(_ unread: inout [String], _ read: () throws -> Result?) throws -> (
    value: Result?, isRead: Bool
  ) {
    do { return (try read(), true) } catch let error as StorageError where !isChosen {
      guard case .unreadable(_, let why) = error else { throw error }
      unread.append(why)
      return (nil, false)
    }
  }

  /// Writes a `.npz` file.
  private func archive(_ output: String, _ unread: inout [String]) throws -> [String] {
    var archive = try ZipArchive(output), count = 0, skipped: [String] = [], safe = SafeNames()
    for name in names {
      let (found, isRead) = try readable(&unread) { try array(name) }
      guard let found else {
        if isRead { skipped.append(name) }
        continue
      }
      try archive.add("\(safe.path(for: name)).npy", found.bytes)
      count += 1
    }
    try archive.finish()
    return ["\(output): \(count) arrays"] + leftOut(skipped)
  }

  /// Returns the line about data sets that are neither numbers nor texts.
  private func leftOut(_ names: [String]) -> [String] {
    names.isEmpty ? [] : ["left out, as neither numbers nor texts: \(Self.list(names))"]
  }

  // MARK: Tables

  /// Returns the data sets of one axis, grouped by the scale of that axis, the largest group first.
  private func tables() throws -> [(scale: String, names: [String])] {
    var found: [(scale: String, names: [String])] = []
    for name in names where !reader.isScale(name) {
      guard try reader.kind(of: name) != .other, try reader.shape(of: name).count == 1,
        let scale = reader.scales(of: name).first ?? nil
      else { continue }
      if let index = found.firstIndex(where: { $0.scale == scale }) {
        found[index].names.append(name)
      } else {
        found.append((scale, [name]))
      }
    }
    return found.enumerated().sorted { ($1.element.names.count, $0.offset) < ($0.element.names.count, $1.offset) }
      .map(\.element)
  }

  /// Writes one CSV file: metrics, one data set, or all along one scale.
  private func table(_ output: String) throws -> [String] {
    func write(_ table: Table, _ more: [String] = []) throws -> [String] {
      try Folder.write(table.csv, to: output)
      return ["\(output): \(table.columns.first?.cells.count ?? 0) rows of \(table.columns.count) columns"] + more
    }
    if !isChosen, reader.text(attribute: "file_type") == "metrics" { return try write(try Table(metrics: reader)) }
    let all = try tables()
    if names.count == 1 { return try write(try Table(of: names[0], in: reader)) }
    guard let first = all.first, !isChosen || all.count == 1 && first.names.count == names.count else {
      throw LaboratoryError(
        isChosen
          ? "\(reader.path): these data sets do not share one axis; write one at a time, or into a folder."
          : "\(reader.path): there is no table in it; choose a data set with --dataset: "
            + "\(names.joined(separator: ", "))."
      )
    }
    let rest = all.dropFirst().flatMap(\.names)
    return try write(
      try Table(along: first.scale, of: first.names, in: reader),
      rest.isEmpty ? [] : ["along other axes, and left out: \(rest.joined(separator: ", ")) (choose with --dataset)"])
  }

  // MARK: Images

  /// Returns the images of a data set of bytes [height, width], [height, width, 1 or 3] or [image, height, width, 1 or
  /// 3]; nil where it is none.
  private func images(_ name: String) throws -> [ByteImage]? {
    guard try reader.kind(of: name) == .natural(bits: 8), !reader.isScale(name) else { return nil }
    var shape = try reader.shape(of: name)
    if shape.count == 2 { shape.append(1) }
    if shape.count == 3 { shape.insert(1, at: 0) }
    guard shape.count == 4, [1, 3].contains(shape[3]), shape[1] > 0, shape[2] > 0 else { return nil }
    let bytes = try reader.bytes(name), area = shape[1] * shape[2]
    return (0..<shape[0]).map { index in
      let values = bytes[index * area * shape[3]..<(index + 1) * area * shape[3]]
      return ByteImage(
        height: shape[1], width: shape[2], pixels: shape[3] == 3 ? Array(values) : values.flatMap { [$0, $0, $0] })
    }
  }

  /// Writes one PNG file: one image, or a contact sheet of all.
  private func image(_ output: String, _ index: Int?, _ columns: Int?) throws -> [String] {
    for name in names {
      guard let all = try images(name), !all.isEmpty else { continue }
      if let index {
        guard index < all.count else {
          throw LaboratoryError(
            "\(reader.path): '\(name)' has \(all.count) images, counted from 0; there is no \(index).")
        }
        try all[index].writePNG(to: output)
        return ["\(output): image \(index) of '\(name)'"]
      }
      if all.count == 1 {
        try all[0].writePNG(to: output)
        return ["\(output): '\(name)'"]
      }
      let columns = columns ?? Int(Double(all.count).squareRoot().rounded(.up))
      try ContactSheet(all, columns: columns, scale: 1).image.writePNG(to: output)
      return ["\(output): \(all.count) images of '\(name)', \(columns) in a row"]
    }
    throw LaboratoryError(
      "\(reader.path): there is no image in \(isChosen ? names.joined(separator: ", ") : "it"); images are bytes of "
        + "[row, column], [row, column, 3] or [image, row, column, 3]."
    )
  }

  // MARK: Everything

  /// Writes images as PNG, tables as CSV, everything else as `.npy`.
  private func folder(_ output: String, _ unread: inout [String]) throws -> [String] {
    try Folder.make(output)
    var lines: [String] = [], done: Set<String> = [], skipped: [String] = [], safe = SafeNames()
    if reader.text(attribute: "file_type") == "metrics", !isChosen {
      try Folder.write(try Table(metrics: reader).csv, to: "\(output)/metrics.csv")
      return ["\(output)/metrics.csv"]
    }
    for (scale, names) in try tables() {
      done.formUnion(names)
      guard let table = try readable(&unread, { try Table(along: scale, of: names, in: reader) }).value else {
        continue
      }
      let path = "\(output)/\(safe.path(for: scale)).csv"
      try Folder.make(URL(fileURLWithPath: path).deletingLastPathComponent().path)
      try Folder.write(table.csv, to: path)
      lines.append("\(path): \(Self.list(names.map { String($0.dropFirst()) }))")
    }
    for name in names where !done.contains(name) && (isChosen || !reader.isScale(name)) {
      let path = "\(output)/\(safe.path(for: name))"
      let (pixels, isImage) = try readable(&unread) { try images(name) }
      guard isImage else { continue }
      if let all = pixels, !all.isEmpty {
        try Folder.make(all.count == 1 ? URL(fileURLWithPath: path).deletingLastPathComponent().path : path)
        let digits = "\(all.count - 1)".count
        for (index, image) in all.enumerated() {
          let number = String(repeating: "0", count: digits - "\(index)".count) + "\(index)"
          try image.writePNG(to: all.count == 1 ? "\(path).png" : "\(path)/\(number).png")
        }
        lines.append(all.count == 1 ? "\(path).png" : "\(path): \(all.count) images")
        continue
      }
      let (found, isRead) = try readable(&unread) { try array(name) }
      if let found {
        try Folder.make(URL(fileURLWithPath: path).deletingLastPathComponent().path)
        try writeWhole(found.bytes, to: "\(path).npy")
        lines.append("\(path).npy")
      } else if isRead {
        skipped.append(name)
      }
    }
    return lines + leftOut(skipped)
  }
}
