import Files
import Glibc

/// A zip archive being written, its members stored as they are: what numpy calls .npz.
///
/// Source: PKWARE's APPNOTE 6.3; no member and no archive of 4 GiB or more.
public struct ZipArchive: ~Copyable {
  private let file: OutputFile
  private let path: String
  private var entries: [(name: [UInt8], sum: UInt32, size: UInt32, offset: UInt32)] = []
  private var offset = 0
  private var isOpen = true

  /// Begins an archive under a temporary name; throws where the folder is missing or cannot be written.
  public init(_ path: String) throws(StorageError) {
    do throws(FileError) { file = try OutputFile(TemporaryName.of(path), .replacing, final: path) } catch {
      throw .unwritable(
        path: path, why: "\(error.cause.dropLast()); choose a folder that exists and can be written.")
    }
    self.path = path
  }

  deinit {
    if isOpen { unlink(TemporaryName.of(path)) }
  }

  /// Adds a member, uncompressed; `name` may hold slashes. Throws where the archive would grow beyond 4 GiB.
  public mutating func add(_ name: String, _ content: [UInt8]) throws(StorageError) {
    guard offset + content.count + name.utf8.count + 30 < 1 << 32 else {
      throw .unwritable(path: path, why: "it would be larger than 4 GB; export fewer data sets, or into a folder.")
    }
    let entry = (name: Array(name.utf8), sum: CRC.zip(content), size: UInt32(content.count), offset: UInt32(offset))
    entries.append(entry)
    try put([0x50, 0x4B, 3, 4] + Self.facts(entry.name, entry.sum, entry.size) + entry.name)
    try put(content)
  }

  /// Gives the whole archive its name.
  public consuming func finish() throws(StorageError) {
    // The central directory: a header for every member (46 bytes and the name), then the end record (22 bytes).
    let start = offset
    for entry in entries {
      try put(
        [0x50, 0x4B, 1, 2, 20, 0] + Self.facts(entry.name, entry.sum, entry.size)
          + Array(repeating: 0, count: 10) + EventFile.bytes(entry.offset) + entry.name)
    }
    let count = EventFile.bytes(UInt16(truncatingIfNeeded: entries.count))
    try put(
      [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count + EventFile.bytes(UInt32(offset - start))
        + EventFile.bytes(UInt32(start)) + [0, 0])
    do throws(FileError) { try file.close() } catch { throw .unwritable(path: path, why: error.cause) }
    isOpen = false
    try Writer.put(TemporaryName.of(path), in: path)
  }

  /// The fields of both headers of a member: version, UTF-8 names, stored, the first day that zip knows, check and
  /// sizes.
  private static func facts(_ name: [UInt8], _ sum: UInt32, _ size: UInt32) -> [UInt8] {
    [20, 0, 0, 8, 0, 0, 0, 0, 0x21, 0] + EventFile.bytes(sum) + EventFile.bytes(size) + EventFile.bytes(size)
      + EventFile.bytes(UInt16(name.count)) + [0, 0]
  }

  /// Appends bytes and counts them: offsets of members are counted from the start of the file.
  private mutating func put(_ bytes: [UInt8]) throws(StorageError) {
    do throws(FileError) { try file.write(bytes) } catch { throw .unwritable(path: path, why: error.cause) }
    offset += bytes.count
  }
}
