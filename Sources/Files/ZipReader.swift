/// The members of a zip archive in memory, stored or deflated (PKWARE's APPNOTE 6.3, with the records of zip64).
///
/// Every offset and size is checked against the archive before anything is read, and a member never becomes larger than
/// DEFLATE can make its stored bytes.
public struct ZipReader: Sendable {
  /// One file of the archive.
  public struct Member: Sendable {
    /// The name, with slashes between folders.
    public let name: String
    /// Bytes of the content.
    public let size: Int
    /// The bytes of the archive that hold the content.
    fileprivate let range: Range<Int>
    fileprivate let isDeflated: Bool
    fileprivate let sum: UInt32
  }

  /// Path of the archive.
  public let path: String
  /// All members, in the order of the directory.
  public let members: [Member]
  private let bytes: [UInt8]

  /// DEFLATE codes at most 258 bytes in 2 bits.
  private static let mostInflation = 1032

  /// Reads the directory of an archive; `path` names it in errors. Throws where it is damaged, a member is encrypted or
  /// compressed by another method than DEFLATE, or a name comes twice.
  public init(_ bytes: [UInt8], named path: String) throws(FileError) {
    self.bytes = bytes
    self.path = path
    guard let (count, start) = Self.directory(of: bytes) else {
      throw FileError(path, .damaged("its zip directory is damaged or cut short."))
    }
    var offset = start, members: [Member] = [], names: Set<String> = []
    for _ in 0..<count {
      guard let (member, next, why) = Self.member(bytes, at: offset) else {
        throw FileError(path, .damaged("its zip directory is damaged or cut short."))
      }
      if let why { throw FileError(path, .damaged("'\(member.name)' \(why)")) }
      guard names.insert(member.name).inserted else {
        throw FileError(path, .damaged("its zip directory names '\(member.name)' twice."))
      }
      members.append(member)
      offset = next
    }
    self.members = members
  }

  /// Returns the content of a member; throws where it is damaged.
  public func content(of member: Member) throws(FileError) -> [UInt8] {
    let stored = bytes[member.range]
    let content = member.isDeflated ? Deflate.inflated(stored, in: .none, limit: member.size) : Array(stored)
    guard let content, content.count == member.size, Deflate.crc32(content[...]) == member.sum else {
      throw FileError(path, .damaged("'\(member.name)' is damaged."))
    }
    return content
  }

  // MARK: Inside

  /// A little-endian number; nil outside of the archive, and where it does not fit an `Int`.
  private static func number(_ bytes: [UInt8], _ size: Int, at offset: Int) -> Int? {
    guard offset >= 0, offset <= bytes.count - size else { return nil }
    var value: UInt64 = 0
    for index in 0..<size { value |= UInt64(bytes[offset + index]) << UInt64(8 * index) }
    return Int(exactly: value)
  }

  /// The number of members and the offset of the first one's header.
  private static func directory(of bytes: [UInt8]) -> (count: Int, start: Int)? {
    // The end record of 22 bytes is followed by a comment of at most 64 KiB.
    guard
      let end = stride(from: bytes.count - 22, through: max(0, bytes.count - 22 - 0xFFFF), by: -1)
        .first(where: { number(bytes, 4, at: $0) == 0x0605_4B50 })
    else { return nil }
    if number(bytes, 4, at: end - 20) == 0x0706_4B50 {
      guard let large = number(bytes, 8, at: end - 12), number(bytes, 4, at: large) == 0x0606_4B50,
        let count = number(bytes, 8, at: large + 32), let start = number(bytes, 8, at: large + 48)
      else { return nil }
      return count <= bytes.count / 46 ? (count, start) : nil
    }
    guard let count = number(bytes, 2, at: end + 10), let start = number(bytes, 4, at: end + 16) else { return nil }
    // A header of the directory has at least 46 bytes.
    return count <= bytes.count / 46 ? (count, start) : nil
  }

  /// The member whose header of the directory is at `offset`, the offset of the next, and why it cannot be read.
  private static func member(_ bytes: [UInt8], at offset: Int) -> (Member, next: Int, why: String?)? {
    guard number(bytes, 4, at: offset) == 0x0201_4B50, let flags = number(bytes, 2, at: offset + 8),
      let method = number(bytes, 2, at: offset + 10), let sum = number(bytes, 4, at: offset + 16),
      let nameLength = number(bytes, 2, at: offset + 28), let extraLength = number(bytes, 2, at: offset + 30),
      let commentLength = number(bytes, 2, at: offset + 32)
    else { return nil }
    let extra = offset + 46 + nameLength, end = extra + extraLength + commentLength
    guard end <= bytes.count, let fields = largeFields(bytes, header: offset, extra: extra..<extra + extraLength),
      number(bytes, 4, at: fields.offset) == 0x0403_4B50, let localName = number(bytes, 2, at: fields.offset + 26),
      let localExtra = number(bytes, 2, at: fields.offset + 28)
    else { return nil }
    let start = fields.offset + 30 + localName + localExtra
    guard Extent([fields.stored])?.fits(elementSize: 1, at: start, limit: bytes.count) == true else { return nil }
    let name = String(decoding: bytes[offset + 46..<extra], as: UTF8.self)
    var why: String?
    if flags & 1 != 0 { why = "is encrypted; save the archive without a password." }
    if method != 0 && method != 8 { why = "is compressed by method \(method); save it deflated or stored." }
    if method == 0 && fields.size != fields.stored || fields.size / mostInflation > fields.stored {
      why = "is damaged: \(fields.stored) bytes cannot hold \(fields.size)."
    }
    return (
      Member(
        name: name, size: fields.size, range: start..<start + fields.stored, isDeflated: method == 8,
        sum: UInt32(truncatingIfNeeded: sum)), end, why
    )
  }

  /// Size, stored size and offset: what does not fit 32 bits is in an extra field of kind 1, in this order.
  private static func largeFields(_ bytes: [UInt8], header: Int, extra: Range<Int>)
    -> (size: Int, stored: Int, offset: Int)?
  {
    guard var stored = number(bytes, 4, at: header + 20), var size = number(bytes, 4, at: header + 24),
      var offset = number(bytes, 4, at: header + 42)
    else { return nil }
    var at = extra.lowerBound
    while at + 4 <= extra.upperBound, let kind = number(bytes, 2, at: at), let length = number(bytes, 2, at: at + 2) {
      var field = at + 4
      func next(_ value: inout Int) -> Bool {
        guard value == 0xFFFF_FFFF else { return true }
        guard field + 8 <= at + 4 + length, let large = number(bytes, 8, at: field) else { return false }
        value = large
        field += 8
        return true
      }
      if kind == 1, !(next(&size) && next(&stored) && next(&offset)) { return nil }
      at += 4 + length
    }
    return (size, stored, offset)
  }
}
