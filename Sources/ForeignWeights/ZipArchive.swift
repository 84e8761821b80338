import Foundation

/// The directory of a zip file with uncompressed members, as `torch.save` writes it (APPNOTE.TXT, with zip64 records).
struct ZipArchive: Sendable {
  /// A member's contents: offset in the file and length, in bytes.
  struct Member: Sendable {
    var start: Int
    var length: Int
  }
  /// Members by name.
  private(set) var members: [String: Member] = [:]

  /// Reads the directory; a damaged one or a compressed member is refused.
  init(_ bytes: Bytes) throws(WeightsError) {
    let damaged = WeightsError.unreadable(path: bytes.path, why: "its zip directory is damaged or cut short.")
    // The end record of 22 bytes is followed by a comment of at most 64 KiB.
    var end = bytes.count - 22
    while end >= 0, end > bytes.count - 66_000, try bytes.number(UInt32.self, at: end) != 0x0605_4B50 { end -= 1 }
    guard end >= 0, try bytes.number(UInt32.self, at: end) == 0x0605_4B50 else { throw damaged }
    var count = try bytes.number(UInt16.self, at: end + 10), offset = try bytes.number(UInt32.self, at: end + 16)
    let locator = end >= 20 ? try bytes.number(UInt32.self, at: end - 20) : 0
    if locator == 0x0706_4B50 {
      let large = try bytes.number(UInt64.self, at: end - 12)
      guard large < bytes.count, try bytes.number(UInt32.self, at: large) == 0x0606_4B50 else { throw damaged }
      count = try bytes.number(UInt64.self, at: large + 32)
      offset = try bytes.number(UInt64.self, at: large + 48)
    }
    for _ in 0..<count {
      guard offset < bytes.count, try bytes.number(UInt32.self, at: offset) == 0x0201_4B50 else { throw damaged }
      let method = try bytes.number(UInt16.self, at: offset + 10)
      var length = try bytes.number(UInt32.self, at: offset + 24)
      let nameLength = try bytes.number(UInt16.self, at: offset + 28),
        extraLength = try bytes.number(UInt16.self, at: offset + 30)
      let commentLength = try bytes.number(UInt16.self, at: offset + 32)
      var header = try bytes.number(UInt32.self, at: offset + 42)
      let name = String(decoding: try bytes.slice(offset + 46, nameLength), as: UTF8.self)
      // Values that do not fit 32 bits are in an extra field of kind 1, in this order: size, stored size, offset.
      var extra = offset + 46 + nameLength
      let extraEnd = extra + extraLength
      while extra + 4 <= extraEnd {
        let kind = try bytes.number(UInt16.self, at: extra), size = try bytes.number(UInt16.self, at: extra + 2)
        if kind == 1 {
          var field = extra + 4
          if length == 0xFFFF_FFFF {
            length = try bytes.number(UInt64.self, at: field)
            field += 8
          }
          if try bytes.number(UInt32.self, at: offset + 20) == 0xFFFF_FFFF { field += 8 }
          if header == 0xFFFF_FFFF { header = try bytes.number(UInt64.self, at: field) }
        }
        extra += 4 + size
      }
      guard method == 0 else {
        throw .unreadable(
          path: bytes.path, why: "'\(name)' is compressed, which torch.save does not do; save the weights again.")
      }
      guard header < bytes.count, try bytes.number(UInt32.self, at: header) == 0x0403_4B50 else { throw damaged }
      let start =
        header + 30 + (try bytes.number(UInt16.self, at: header + 26))
        + (try bytes.number(UInt16.self, at: header + 28))
      members[name] = Member(start: start, length: length)
      offset = extraEnd + commentLength
    }
  }
}
