import Files
import Testing

/// An archive as its writer would lay it out; every field that a test damages can be set.
private struct Archive {
  struct Member {
    var name: String
    var stored: [UInt8]
    var size: Int
    var sum: UInt32
    var method = 0
    var flags = 0
  }
  var members: [Member]
  /// Sizes and offsets in the fields of zip64.
  var isLarge = false

  private func number(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  var bytes: [UInt8] {
    var file: [UInt8] = [], directory: [UInt8] = []
    let none = 0xFFFF_FFFF
    for member in members {
      let offset = file.count, name = Array(member.name.utf8), sum = number(Int(member.sum), 4)
      let facts = number(member.flags, 2) + number(member.method, 2) + [0, 0, 0, 0] + sum
      let sizes = number(member.stored.count, 4) + number(member.size, 4)
      file += [0x50, 0x4B, 3, 4, 20, 0] + facts + sizes + number(name.count, 2) + [0, 0] + name + member.stored
      let extra =
        number(1, 2) + number(24, 2) + number(member.size, 8) + number(member.stored.count, 8) + number(offset, 8)
      directory += [0x50, 0x4B, 1, 2, 20, 0, 20, 0] + facts + (isLarge ? number(none, 4) + number(none, 4) : sizes)
      directory += number(name.count, 2) + number(isLarge ? extra.count : 0, 2) + [UInt8](repeating: 0, count: 10)
      directory += number(isLarge ? none : offset, 4) + name + (isLarge ? extra : [])
    }
    let start = file.count
    file += directory
    if isLarge {
      let record = file.count
      file += [0x50, 0x4B, 6, 6] + number(44, 8) + [45, 0, 45, 0] + number(0, 8) + number(members.count, 8)
      file += number(members.count, 8) + number(directory.count, 8) + number(start, 8)
      file += [0x50, 0x4B, 6, 7, 0, 0, 0, 0] + number(record, 8) + number(1, 4)
    }
    let count = number(isLarge ? 0xFFFF : members.count, 2)
    file += [0x50, 0x4B, 5, 6, 0, 0, 0, 0] + count + count + number(directory.count, 4)
    return file + number(isLarge ? none : start, 4) + [4, 0] + Array("note".utf8)
  }
}

private let hello = Array("hello".utf8), greetings = Array(String(repeating: "hello ", count: 40).utf8)
private let stored = Archive.Member(name: "a.txt", stored: hello, size: 5, sum: 0x3610_A686)
/// `greetings`, as zlib deflates them.
private let deflated = Archive.Member(
  name: "folder/b.txt", stored: [0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x57, 0xC8, 0x18, 0x31, 0x24, 0], size: 240,
  sum: 0x7D94_509E, method: 8)

@Suite struct ZipDirectoryTests {
  @Test("Stored and deflated members are read, with and without the fields of zip64", arguments: [false, true])
  func content(_ isLarge: Bool) throws {
    let source = ByteSource(Archive(members: [stored, deflated], isLarge: isLarge).bytes, named: "a.zip")
    let directory = try ZipDirectory(source)
    #expect(directory.members.map(\.name) == ["a.txt", "folder/b.txt"])
    #expect(try directory.members[0].contents(in: source) == hello)
    #expect(try directory.members[1].contents(in: source) == greetings)
    #expect(try ZipDirectory(ByteSource(Archive(members: []).bytes, named: "a.zip")).members.isEmpty)
  }

  /// The sentence that refuses an archive or one of its members; nil if all are read.
  private func refusal(_ bytes: [UInt8]) -> String? {
    do throws(FileError) {
      let source = ByteSource(bytes, named: "a.zip")
      for member in try ZipDirectory(source).members { _ = try member.contents(in: source) }
      return nil
    } catch { return error.description }
  }

  @Test("An archive that lies about a member is refused in a sentence")
  func refused() {
    func one(_ change: (inout Archive.Member) -> Void, of member: Archive.Member = deflated) -> String? {
      var member = member
      change(&member)
      return refusal(Archive(members: [member]).bytes)
    }
    let damaged = "a.zip: its zip directory is damaged or cut short."
    #expect(refusal([]) == damaged && refusal(hello) == damaged)
    #expect(one { $0.sum = 0 } == "a.zip: 'folder/b.txt' is damaged.")
    #expect(one { $0.stored.removeLast() } == "a.zip: 'folder/b.txt' is damaged.")
    #expect(one { $0.size = 239 } == "a.zip: 'folder/b.txt' is damaged.")
    #expect(one { $0.size = 241 } == "a.zip: 'folder/b.txt' is damaged.")
    #expect(one { $0.size = 4_000_000_000 } == "a.zip: 'folder/b.txt' is damaged: 11 bytes cannot hold 4000000000.")
    #expect(one({ $0.size = 6 }, of: stored) == damaged)
    #expect(one { $0.flags = 1 } == "a.zip: 'folder/b.txt' is encrypted.")
    #expect(
      one { $0.method = 12 } == "a.zip: 'folder/b.txt' is compressed by method 12; save the archive deflated or stored."
    )
    #expect(
      refusal(Archive(members: [stored, stored]).bytes) == "a.zip: its zip directory names 'a.txt' twice.")
  }

  @Test("An archive with any of its bytes changed, or cut anywhere, is read or refused")
  func mutated() {
    for isLarge in [false, true] {
      let whole = Archive(members: [stored, deflated], isLarge: isLarge).bytes
      var refused = 0
      for index in whole.indices {
        for value in [0, 1, 0x7F, 0x80, 0xFF] as [UInt8] {
          var bytes = whole
          bytes[index] = value
          if refusal(bytes) != nil { refused += 1 }
        }
        #expect(refusal(Array(whole[..<index])) != nil || index > whole.count - 5)
      }
      #expect(refused > whole.count)
    }
  }
}

@Suite struct DeflateTests {
  @Test("Compressed bytes are limited to what their reader accepts, however much they make")
  func limit() {
    let bytes = deflated.stored[...]
    #expect(Deflate.inflated(bytes, in: .none, limit: 240) == greetings)
    #expect(Deflate.inflated(bytes, in: .none, limit: 239) == nil)
    #expect(Deflate.inflated(bytes.dropLast(), in: .none, limit: 240) == nil)
    #expect(Deflate.inflated(bytes, in: .zlib, limit: 240) == nil)
    #expect(Deflate.inflated([], in: .none, limit: 240) == nil)
    // zlib's frame: two bytes in front, the Adler-32 of "hello" behind.
    let framed: [UInt8] = [0x78, 0x9C, 0xCB, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x06, 0x2C, 0x02, 0x15]
    #expect(Deflate.inflated(framed[...], in: .zlib, limit: 5) == hello)
    #expect(Deflate.inflated((framed.dropLast() + [0])[...], in: .zlib, limit: 5) == nil)
    #expect(Deflate.crc32(hello[...]) == 0x3610_A686)
  }
}
