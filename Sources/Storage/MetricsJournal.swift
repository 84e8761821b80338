import Files
import Glibc
import Synchronization

/// Entries of a metrics file that are not in it yet, a line each: CRC-32 of the rest in hexadecimal, then fields
/// separated by tabs: "add", group, step, and name and number of each series; or "rewind", group, step.
///
/// A line that a crash cut short fails its check and is passed over; the next one begins on a line of its own.
struct MetricsJournal: Sendable {
  /// The content of a line.
  enum Record {
    /// A number for each of some series.
    case entries(group: String, step: Double, [(name: String, value: Double)])
    /// Entries of a group after `step` do not count.
    case rewind(group: String, step: Double)
  }

  /// The metrics file, which errors name.
  private let owner: String
  private let path: String
  /// Appending and shortening exclude each other: training appends while a save goes on in the background.
  private static let writing = Mutex(())

  /// `owner`: the path of the metrics file, such as "metrics.h5", whose journal is "metrics.journal".
  init(beside owner: String) {
    self.owner = owner
    path = (owner.hasSuffix(".h5") ? String(owner.dropLast(3)) : owner) + ".journal"
  }

  /// Adds a line; returns the size of the journal in bytes. Nothing of a line that cannot be written stays.
  func append(_ record: Record) throws(StorageError) -> Int {
    try Self.writing.withLock { _ throws(StorageError) in
      do throws(FileError) {
        let file = try OutputFile(path, .appending, final: owner), size = file.size
        let line = (size > 0 && file.lastByte != UInt8(ascii: "\n") ? "\n" : "") + Self.line(record)
        do throws(FileError) { try file.write(Array(line.utf8)) } catch {
          file.cut(to: size)
          throw error
        }
        try file.close()
        return size + line.utf8.count
      } catch {
        throw unwritable(error)
      }
    }
  }

  /// Returns the records in order, and the bytes that they take; none and 0 where there is no journal.
  func records() throws(StorageError) -> (records: [Record], length: Int) {
    let bytes: [UInt8]
    do throws(FileError) { bytes = try RegularFile.bytes(path) } catch {
      if error.reason == .missing { return ([], 0) }
      throw .unreadable(path: path, why: "\(error.reason)")
    }
    return (
      bytes.split(separator: UInt8(ascii: "\n")).compactMap { Self.record(String(decoding: $0, as: UTF8.self)) },
      bytes.count
    )
  }

  /// Removes the first `length` bytes, which the metrics file holds now, and the file where nothing is left.
  func removeFirst(_ length: Int) throws(StorageError) {
    try Self.writing.withLock { _ throws(StorageError) in
      do throws(FileError) {
        let rest = try RegularFile.bytes(path).dropFirst(length)
        if !rest.isEmpty { return try writeWhole(rest, to: path) }
      } catch {
        throw unwritable(error)
      }
      guard unlink(path) == 0 || errno == ENOENT else {
        throw .unwritable(path: path, why: "\(String(cString: strerror(errno))).")
      }
    }
  }

  private func unwritable(_ error: FileError) -> StorageError {
    let advice = access(path, F_OK) == 0 ? "" : "; choose a folder that exists and can be written"
    return .unwritable(path: owner, why: error.cause.dropLast() + advice + ".")
  }

  // MARK: Lines

  /// The line of a record, with its end.
  static func line(_ record: Record) -> String {
    let fields: [String]
    switch record {
    case .entries(let group, let step, let values):
      fields = ["add", escaped(group), "\(step)"] + values.flatMap { [escaped($0.name), "\($0.value)"] }
    case .rewind(let group, let step): fields = ["rewind", escaped(group), "\(step)"]
    }
    let text = fields.joined(separator: "\t")
    return String(CRC.zip(text.utf8), radix: 16) + "\t" + text + "\n"
  }

  /// The record of a line without its end; nil where the check or the form is not right.
  static func record(_ line: String) -> Record? {
    guard let tab = line.firstIndex(of: "\t"), let sum = UInt32(line[..<tab], radix: 16) else { return nil }
    let text = line[line.index(after: tab)...]
    guard CRC.zip(text.utf8) == sum else { return nil }
    let fields = text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    guard fields.count >= 3, fields.count % 2 == 1, let step = Double(fields[2]) else { return nil }
    if fields[0] == "rewind" { return .rewind(group: unescaped(fields[1]), step: step) }
    guard fields[0] == "add" else { return nil }
    let pairs = stride(from: 3, to: fields.count, by: 2).map { (unescaped(fields[$0]), Double(fields[$0 + 1])) }
    let values = pairs.compactMap { name, value in value.map { (name: name, value: $0) } }
    return values.count == pairs.count ? .entries(group: unescaped(fields[1]), step: step, values) : nil
  }

  /// A name without the characters that separate fields and lines: "%", tab and line feed become "%25", "%09", "%0A".
  private static func escaped(_ name: String) -> String {
    var text = ""
    for scalar in name.unicodeScalars {
      switch scalar {
      case "%": text += "%25"
      case "\t": text += "%09"
      case "\n": text += "%0A"
      default: text.unicodeScalars.append(scalar)
      }
    }
    return text
  }

  private static func unescaped(_ text: String) -> String {
    guard text.contains("%") else { return text }
    let parts = text.split(separator: "%", omittingEmptySubsequences: false)
    let rest = parts.dropFirst().map { part -> String in
      let mark = part.prefix(2)
      return (mark == "25" ? "%" : mark == "09" ? "\t" : "\n") + part.dropFirst(2)
    }
    return parts[0] + rest.joined()
  }
}
