import Glibc

/// The remembered hashes of the files of one folder: a text file with a line for each.
///
/// A line is `check hash size modified changed inode marks name`. Lines are only ever appended, so that two processes
/// can do so at once; the last one of a name holds. One that is torn or damaged does not fit its check and is passed
/// over: its file is read again.
struct FolderManifest {
  /// The remembered facts of a file.
  struct Entry: Equatable {
    var stamp: FileStamp
    /// SHA-256 of the content, 64 hexadecimal digits.
    var hash: String
    /// Letters: "r" for a file that may have changed within the tick in which it was read, and those of marks.
    var marks: String

    /// True where the content is certain to be what it was as long as the stamp is.
    var isSettled: Bool { !marks.contains("r") }
  }

  /// The text file.
  let path: String
  /// The folder whose files these are.
  private let folder: String
  /// Entries by the name of their file.
  private(set) var entries: [String: Entry] = [:]
  /// Lines in the file, with those that no longer hold.
  private var lines = 0
  /// Lines that are not in the file yet.
  private var pending: [UInt8] = []

  /// Reads what is remembered of a folder, given by its absolute path; nothing where the file is missing or damaged.
  init(of folder: String, in cache: String) {
    self.folder = folder
    path = "\(cache)/\(SHA256.hex(of: folder).prefix(32))"
    guard let bytes = try? RegularFile.bytes(path) else { return }
    for line in bytes.split(separator: UInt8(ascii: "\n")) {
      lines += 1
      if let (name, entry) = Self.parsed(line) { entries[name] = entry }
    }
  }

  /// The folder named by the first line of a manifest; nil where there is none.
  static func folder(namedIn path: String) -> String? {
    guard let bytes = try? RegularFile.bytes(path), bytes.starts(with: header.utf8) else { return nil }
    return String(decoding: bytes.dropFirst(header.utf8.count).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
  }

  private static let header = "# SHA-256 of files in "

  /// Remembers a file until `save`.
  mutating func remember(_ entry: Entry, of name: String) {
    // A name with a line break cannot be a field of a line; its file is read each time.
    guard !name.utf8.contains(UInt8(ascii: "\n")) else { return }
    entries[name] = entry
    lines += 1
    pending += Self.line(of: name, entry)
  }

  /// Appends what was remembered since the last call. A cache that cannot be written costs time, and nothing else.
  mutating func save() {
    guard !pending.isEmpty, !folder.utf8.contains(UInt8(ascii: "\n")) else { return }
    let top = "\(Self.header)\(folder)\n", isNew = access(path, F_OK) != 0
    // Entries that no longer hold are dropped once they are most of the file.
    if lines > 2 * entries.count + 64 {
      try? writeWhole(Array(top.utf8) + entries.flatMap { Self.line(of: $0.key, $0.value) }, to: path)
      lines = entries.count
    } else {
      // An empty line first ends one that another process was stopped in.
      append((isNew ? Array(top.utf8) : [UInt8(ascii: "\n")]) + pending)
    }
    pending = []
  }

  /// Writes in a single call, which other appending processes do not break into.
  private func append(_ bytes: [UInt8]) {
    let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { return }
    _ = write(descriptor, bytes, bytes.count)
    close(descriptor)
  }

  // MARK: Lines

  private static func line(of name: String, _ entry: Entry) -> [UInt8] {
    let stamp = entry.stamp, marks = entry.marks.isEmpty ? "-" : entry.marks
    let facts =
      "\(entry.hash) \(stamp.size) \(stamp.modified) \(stamp.changed) \(stamp.inode) \(marks) \(name)"
    return Array("\(check(Array(facts.utf8)[...])) \(facts)\n".utf8)
  }

  private static func parsed(_ line: ArraySlice<UInt8>) -> (String, Entry)? {
    let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 7, omittingEmptySubsequences: false)
    guard fields.count == 8 else { return nil }
    func text(_ index: Int) -> String { String(decoding: fields[index], as: UTF8.self) }
    guard text(0) == check(line.dropFirst(fields[0].count + 1)), fields[1].count == 64, let size = Int(text(2)),
      let modified = Int(text(3)), let changed = Int(text(4)), let inode = UInt(text(5))
    else { return nil }
    let stamp = FileStamp(size: size, modified: modified, changed: changed, inode: inode)
    return (text(7), Entry(stamp: stamp, hash: text(1), marks: text(6) == "-" ? "" : text(6)))
  }

  /// FNV-1a with 64 bits (Fowler, Noll and Vo 1991), in hexadecimal digits: against torn lines, not against people.
  private static func check(_ bytes: ArraySlice<UInt8>) -> String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    return String(hash, radix: 16)
  }
}
