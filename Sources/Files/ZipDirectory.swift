/// The members of a zip file (PKWARE's APPNOTE.TXT 6.3, with zip64 records), without their contents.
///
/// Every offset and size is checked against the file: members lie inside it, before the directory, and do not overlap,
/// so that their sizes together are at most the file's. Names are keys: nothing is written under them.
public struct ZipDirectory: Sendable {
  /// A member of a zip file.
  public struct Member: Sendable, Equatable {
    /// The name: "archive/data.pkl".
    public let name: String
    /// The compression: 0 is none, 8 is deflate.
    public let method: Int
    /// Offset of the stored bytes in the file.
    public let start: Int
    /// Bytes in the file.
    public let storedCount: Int
    /// Bytes of the contents, as the directory says; equal to `storedCount` where there is no compression.
    public let count: Int
    /// The CRC-32 of the contents, as the directory says.
    public let crc32: UInt32
  }

  /// The members in the order of the directory; no two of one name.
  public let members: [Member]
  private let indices: [String: Int]

  /// The member of a name; nil if there is none.
  public subscript(name: String) -> Member? { indices[name].map { members[$0] } }

  /// Reads a directory; throws where it is damaged, or names a member twice, or members overlap or are encrypted.
  public init(_ source: ByteSource) throws(FileError) {
    let location = try ZipDirectoryLocation(source)
    let reader = LittleEndian(try source.bytes(at: location.start, count: location.size))
    var members: [Member] = [], indices: [String: Int] = [:], spans: [(range: Range<Int>, name: String)] = []
    var offset = 0
    for _ in 0..<location.count {
      guard let entry = ZipDirectoryEntry(reader, at: offset) else { throw location.damaged }
      guard !entry.isEncrypted else { throw FileError(source.name, .damaged("'\(entry.name)' is encrypted.")) }
      // The local header repeats the name, and may have other extra fields.
      guard entry.header <= location.start - 30 else { throw location.damaged }
      let local = LittleEndian(try source.bytes(at: entry.header, count: 30))
      guard local.number(4, at: 0) == 0x0403_4B50, let nameLength = local.number(2, at: 26),
        let extraLength = local.number(2, at: 28)
      else { throw location.damaged }
      let start = entry.header + 30 + nameLength + extraLength
      guard start <= location.start, entry.storedCount <= location.start - start,
        entry.method != 0 || entry.storedCount == entry.count
      else { throw location.damaged }
      guard indices.updateValue(members.count, forKey: entry.name) == nil else {
        throw FileError(source.name, .damaged("its zip directory names '\(entry.name)' twice."))
      }
      members.append(
        Member(
          name: entry.name, method: entry.method, start: start, storedCount: entry.storedCount, count: entry.count,
          crc32: entry.crc32))
      spans.append((entry.header..<start + entry.storedCount, entry.name))
      offset = entry.end
    }
    spans.sort { $0.range.lowerBound < $1.range.lowerBound }
    for (first, second) in zip(spans, spans.dropFirst()) where first.range.upperBound > second.range.lowerBound {
      throw FileError(source.name, .damaged("'\(first.name)' and '\(second.name)' overlap in the zip file."))
    }
    (self.members, self.indices) = (members, indices)
  }
}

/// The position of the directory, which the last records of a zip file say.
private struct ZipDirectoryLocation {
  let start: Int, size: Int, count: Int
  let damaged: FileError

  init(_ source: ByteSource) throws(FileError) {
    damaged = FileError(source.name, .damaged("its zip directory is damaged or cut short."))
    // The end record of 22 bytes is followed by a comment of at most 65,535; before it, 20 bytes may locate another.
    let tailStart = max(0, source.count - 22 - 65_535 - 20)
    let tail = LittleEndian(try source.bytes(at: tailStart, count: source.count - tailStart))
    var end = tail.count - 22
    while end >= 0, tail.number(4, at: end) != 0x0605_4B50 { end -= 1 }
    guard end >= 0, let few = tail.number(2, at: end + 10), let small = tail.number(4, at: end + 12),
      let near = tail.number(4, at: end + 16)
    else { throw damaged }
    var (count, size, start, limit) = (few, small, near, tailStart + end)
    if tail.number(4, at: end - 20) == 0x0706_4B50 {
      guard let record = tail.number(8, at: end - 12), record <= limit - 20 - 56 else { throw damaged }
      let large = LittleEndian(try source.bytes(at: record, count: 56))
      guard large.number(4, at: 0) == 0x0606_4B50, let many = large.number(8, at: 32),
        let long = large.number(8, at: 40), let far = large.number(8, at: 48)
      else { throw damaged }
      (count, size, start, limit) = (many, long, far, record)
    }
    // 46: the bytes of the shortest entry.
    guard start <= limit, size <= limit - start, count <= size / 46 else { throw damaged }
    (self.start, self.size, self.count) = (start, size, count)
  }
}

/// One entry of the directory.
private struct ZipDirectoryEntry {
  let name: String
  let isEncrypted: Bool, method: Int, crc32: UInt32
  /// Offsets: of the member's local header in the file, and of the next entry in the directory.
  let header: Int, end: Int
  let storedCount: Int, count: Int

  /// Nil where the entry is damaged.
  init?(_ reader: LittleEndian, at offset: Int) {
    guard reader.number(4, at: offset) == 0x0201_4B50, let flags = reader.number(2, at: offset + 8),
      let method = reader.number(2, at: offset + 10), let crc = reader.number(4, at: offset + 16),
      var stored = reader.number(4, at: offset + 20), var count = reader.number(4, at: offset + 24),
      let nameLength = reader.number(2, at: offset + 28), let extraLength = reader.number(2, at: offset + 30),
      let commentLength = reader.number(2, at: offset + 32), var header = reader.number(4, at: offset + 42),
      let name = reader.text(nameLength, at: offset + 46)
    else { return nil }
    // Values that do not fit 32 bits are in an extra field of kind 1, in this order: size, stored size, offset.
    var extra = offset + 46 + nameLength
    let extraEnd = extra + extraLength
    while extra + 4 <= extraEnd {
      guard let kind = reader.number(2, at: extra), let size = reader.number(2, at: extra + 2) else { return nil }
      var field = extra + 4
      func widen(_ value: inout Int) -> Bool {
        guard value == 0xFFFF_FFFF else { return true }
        guard field + 8 <= extra + 4 + size, let wide = reader.number(8, at: field) else { return false }
        (value, field) = (wide, field + 8)
        return true
      }
      if kind == 1 { guard widen(&count), widen(&stored), widen(&header) else { return nil } }
      extra += 4 + size
    }
    end = extraEnd + commentLength
    guard end <= reader.count else { return nil }
    (self.name, self.method, self.crc32) = (name, method, UInt32(crc))
    (self.header, storedCount, self.count) = (header, stored, count)
    isEncrypted = flags & 1 == 1
  }
}

/// Bytes as little-endian integers.
private struct LittleEndian {
  private let bytes: [UInt8]
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  var count: Int { bytes.count }

  /// An unsigned integer of `size` bytes; nil beyond the end, and where it does not fit an `Int`.
  func number(_ size: Int, at offset: Int) -> Int? {
    guard offset >= 0, offset <= bytes.count - size else { return nil }
    return Int(exactly: bytes[offset..<offset + size].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
  }

  /// A text of `length` bytes; nil beyond the end.
  func text(_ length: Int, at offset: Int) -> String? {
    guard offset >= 0, offset <= bytes.count - length else { return nil }
    return String(decoding: bytes[offset..<offset + length], as: UTF8.self)
  }
}
