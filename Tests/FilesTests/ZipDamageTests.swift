import Files
import Testing

/// A zip file put together byte by byte, in which each field may lie.
private struct Zip {
  /// A member, with the fields of its directory entry where they differ from the truth.
  struct Member {
    var name: String
    var content: [UInt8] = [1, 2, 3]
    var header: Int?, count: Int?, method = 0, flags = 0
  }
  var members: [Member]
  /// Fields of the end record where they differ from the truth, and bytes before the directory and at the end.
  var count: Int?, size: Int?, start: Int?
  var comment: [UInt8] = []
  var gap: [UInt8] = []

  private func little(_ value: Int, _ size: Int) -> [UInt8] {
    (0..<size).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
  }

  var bytes: [UInt8] {
    var file: [UInt8] = [], directory: [UInt8] = []
    for member in members {
      let name = Array(member.name.utf8), offset = file.count, count = member.count ?? member.content.count
      file += little(0x0403_4B50, 4) + little(0, 22) + little(name.count, 2) + little(0, 2) + name + member.content
      directory += little(0x0201_4B50, 4) + little(0, 4) + little(member.flags, 2) + little(member.method, 2)
      directory += little(0, 4) + little(7, 4) + little(count, 4) + little(count, 4) + little(name.count, 2)
      directory += little(0, 12) + little(member.header ?? offset, 4) + name
    }
    file += gap
    let start = file.count
    file += directory + little(0x0605_4B50, 4) + little(0, 4) + little(0, 2) + little(count ?? members.count, 2)
    return file + little(size ?? directory.count, 4) + little(self.start ?? start, 4) + little(comment.count, 2)
      + comment
  }
}

@Suite struct ZipDamageTests {
  private func refusal(_ zip: Zip) -> String? {
    do throws(FileError) {
      _ = try ZipDirectory(ByteSource(zip.bytes, named: "f"))
      return nil
    } catch { return "\(error)" }
  }

  @Test("members have the offsets and sizes of their contents, behind a comment and before a gap")
  func sound() throws {
    let zip = Zip(
      members: [.init(name: "a/b"), .init(name: "c", content: [9])], comment: Array("PK comment".utf8), gap: [0, 0, 0])
    let source = ByteSource(zip.bytes, named: "f"), directory = try ZipDirectory(source)
    #expect(directory.members.map(\.name) == ["a/b", "c"] && directory["x"] == nil)
    for (name, content) in [("a/b", [1, 2, 3]), ("c", [9])] as [(String, [UInt8])] {
      let member = try #require(directory[name])
      #expect(try source.bytes(at: member.start, count: member.count) == content && member.crc32 == 7)
    }
    #expect(try ZipDirectory(ByteSource(Zip(members: []).bytes, named: "f")).members.isEmpty)
  }

  @Test("a directory that lies about offsets, sizes, counts or names is refused")
  func damaged() {
    let damaged = "f: its zip directory is damaged or cut short."
    let a = Zip.Member(name: "a"), b = Zip.Member(name: "b")
    func member(_ change: (inout Zip.Member) -> Void) -> Zip {
      var changed = b
      change(&changed)
      return Zip(members: [a, changed])
    }
    let cases: [(zip: Zip, sentence: String)] = [
      (Zip(members: [a, a]), "f: its zip directory names 'a' twice."),
      (member { $0.header = 0 }, "f: 'a' and 'b' overlap in the zip file."),
      (member { $0.header = 1 }, damaged), (member { $0.header = 0xFFFF_FFFF }, damaged),
      (member { $0.count = 1000 }, damaged), (member { $0.count = 0xFFFF_FFFF }, damaged),
      (member { $0.flags = 1 }, "f: 'b' is encrypted."), (Zip(members: [a, b], count: 3), damaged),
      (Zip(members: [a, b], count: 0xFFFF), damaged), (Zip(members: [a, b], size: 0xFFFF_FFFF), damaged),
      (Zip(members: [a, b], start: 0xFFFF_FFFF), damaged), (Zip(members: [a, b], start: 0), damaged),
      (Zip(members: [a, b], size: 40), damaged),
    ]
    for (index, (zip, sentence)) in cases.enumerated() { #expect(refusal(zip) == sentence, "case \(index)") }
  }

  @Test("a zip cut anywhere, or with any byte changed, is read or refused")
  func mutated() {
    let whole = Zip(members: [.init(name: "a"), .init(name: "b")]).bytes
    for length in 0..<whole.count { _ = try? ZipDirectory(ByteSource(Array(whole.prefix(length)), named: "f")) }
    var refused = 0
    for position in whole.indices {
      for value in [0, 0xFF, whole[position] ^ 1] as [UInt8] {
        var bytes = whole
        bytes[position] = value
        do { _ = try ZipDirectory(ByteSource(bytes, named: "f")) } catch { refused += 1 }
      }
    }
    #expect(refused > 50)
  }

  @Test("a source gives the bytes that it has, and takes memory for no others")
  func sources() throws {
    let source = ByteSource([1, 2, 3], named: "f")
    #expect(try source.bytes(at: 1, count: 2) == [2, 3] && source.bytes(at: 3, count: 0) == [])
    for (offset, count) in [(0, 4), (4, 0), (-1, 1), (1, -1), (.max, 1), (1, .max)] {
      #expect(throws: source.cutShort) { try source.bytes(at: offset, count: count) }
    }
  }
}
