/// The regular files in a tar archive (POSIX ustar and pax, and GNU's long names), without their contents.
///
/// Every offset and size is checked against the archive. No name leaves the folder in which the archive is: an absolute
/// one, and one with `..`, is refused. Links, devices and pipes are left out.
public struct TarDirectory: Sendable {
  /// A regular file in a tar archive.
  public struct Member: Sendable, Equatable {
    /// The folders, then the name.
    public let path: [String]
    /// Offset of the contents in the archive.
    public let start: Int
    /// Bytes of the contents.
    public let count: Int
  }

  /// The files in the order of the archive; a later one of the same path replaces an earlier one.
  public private(set) var members: [Member] = []
  /// Paths of what is neither a file nor a folder.
  public private(set) var leftOut: [String] = []

  /// Headers and contents begin at multiples of 512 bytes.
  private static let block = 512
  /// The most bytes of extended headers, which hold names.
  private static let mostText = 1 << 20

  /// Reads all headers; throws where one is damaged, or a path leaves the archive.
  public init(_ source: ByteSource) throws(FileError) {
    var offset = 0, longName: String?, longSize: Int?, indices: [[String]: Int] = [:]
    while offset < source.count {
      let header = TarHeader(try source.bytes(at: offset, count: Self.block))
      if header.isEnd { break }
      guard let kind = header.kind, var count = header.count else {
        let why = offset == 0 ? "this is no tar archive." : "its tar header at byte \(offset) is damaged."
        throw FileError(source.name, .damaged(why))
      }
      let start = offset + Self.block
      if !["x", "g", "L", "K"].contains(kind), let size = longSize { count = size }
      guard count <= source.count - start else { throw source.cutShort }
      switch kind {
      case "x", "L", "K", "g":
        guard count <= Self.mostText else {
          throw FileError(source.name, .damaged("its tar header at byte \(offset) has \(count) bytes of names."))
        }
        let text = try source.bytes(at: start, count: count)
        if kind == "L" { longName = String(decoding: text.prefix { $0 != 0 }, as: UTF8.self) }
        if kind == "x" {
          let records = TarHeader.records(text)
          longName = records["path"] ?? longName
          longSize = records["size"].flatMap { Int($0) }.flatMap { $0 < 0 ? nil : $0 }
        }
      default:
        let name = longName ?? header.name
        (longName, longSize) = (nil, nil)
        let path = try Self.path(name, source)
        if kind == "0" {
          let member = Member(path: path, start: start, count: count)
          if let index = indices.updateValue(members.count, forKey: path) {
            members[index] = member
            indices[path] = index
          } else {
            members.append(member)
          }
        } else if kind != "5" {
          leftOut.append(path.joined(separator: "/"))
        }
      }
      // `count` is within the archive, so this does not overflow.
      offset = start + (count + Self.block - 1) / Self.block * Self.block
    }
  }

  /// The parts of a name without empty ones and `.`.
  private static func path(_ name: String, _ source: ByteSource) throws(FileError) -> [String] {
    let parts = name.split(separator: "/").map(String.init).filter { $0 != "." }
    guard !name.hasPrefix("/"), !parts.contains("..") else {
      throw FileError(source.name, .damaged("'\(name)' would leave the archive's folder; nothing of it is read."))
    }
    return parts
  }
}

/// A header of 512 bytes.
private struct TarHeader {
  private let bytes: [UInt8]

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// True for the zeros that end an archive.
  var isEnd: Bool { bytes.allSatisfy { $0 == 0 } }

  /// The kind of member: "0" a file, "5" a folder, "x" and "L" extended headers; nil where the checksum is wrong.
  var kind: String? {
    // The sum of all bytes, those of the sum itself taken for spaces.
    let sum = bytes.indices.reduce(0) { $0 + ((148..<156).contains($1) ? 32 : Int(bytes[$1])) }
    guard number(148..<156) == sum else { return nil }
    // Old archives have 0, and 7 is a file, too.
    return [0, 0x30, 0x37].contains(bytes[156]) ? "0" : String(UnicodeScalar(bytes[156]))
  }

  /// Bytes of the contents.
  var count: Int? { number(124..<136) }

  /// The name; ustar keeps folders that do not fit in a second field.
  var name: String {
    let prefix = bytes[257..<263].elementsEqual("ustar\0".utf8) ? text(345..<500) : ""
    return prefix.isEmpty ? text(0..<100) : prefix + "/" + text(0..<100)
  }

  private func text(_ range: Range<Int>) -> String {
    String(decoding: bytes[range].prefix { $0 != 0 }, as: UTF8.self)
  }

  /// Octal digits, or the big-endian integer that GNU writes after 0x80; nil for anything else.
  private func number(_ range: Range<Int>) -> Int? {
    if bytes[range.lowerBound] == 0x80 {
      let digits = bytes[range].dropFirst()
      guard digits.dropLast(7).allSatisfy({ $0 == 0 }) else { return nil }
      return digits.suffix(7).reduce(0) { $0 << 8 | Int($1) }
    }
    let digits = bytes[range].drop { $0 == 0x20 }.prefix { $0 != 0 && $0 != 0x20 }
    return digits.isEmpty ? 0 : Int(String(decoding: digits, as: UTF8.self), radix: 8).flatMap { $0 < 0 ? nil : $0 }
  }

  /// The records `length key=value` of a pax header, whose length counts the record whole.
  static func records(_ text: [UInt8]) -> [String: String] {
    var records: [String: String] = [:], rest = text[...]
    while let space = rest.firstIndex(of: 0x20), let length = Int(String(decoding: rest[..<space], as: UTF8.self)),
      length > space - rest.startIndex, length <= rest.count
    {
      let record = rest[(space + 1)..<(rest.startIndex + length)].dropLast()
      if let sign = record.firstIndex(of: 0x3D) {
        records[String(decoding: record[..<sign], as: UTF8.self)] = String(
          decoding: record[(sign + 1)...], as: UTF8.self)
      }
      rest = rest.dropFirst(length)
    }
    return records
  }
}
