import CHDF5
import ProgramSupport
import Storage
import Testing

/// A line for each entry: its path, and what it leads to.
private func lines(_ path: String, below group: String = "/") throws -> [String] {
  Tree(try Reader(path), below: group, isDetailed: true).entries.map { "\($0.path.printable): \(words($0.content))" }
}

private func words(_ content: Tree.Content) -> String {
  switch content {
  case .group: "group"
  case .dataset(let facts):
    "\(facts.type) \(facts.isNull ? "null" : "\(facts.shape)")" + (facts.obstacle.map { ", \($0.reason)" } ?? "")
  case .type(let text): "type \(text)"
  case .again(let path): "as \(path)"
  case .softLink(let path, let isThere): "soft \(path) \(isThere)"
  case .externalLink(let file, let object): "external \(file) \(object)"
  case .unreadable(let obstacle): "unreadable, \(obstacle.reason)"
  }
}

@Suite struct TreeTests {
  private let scratch = ProgramSupport.Scratch()
  private var path: String { "\(scratch.path)/x.h5" }

  @Test("every object is listed once: a group inside itself ends, and links of all kinds are named, not followed")
  func links() throws {
    ForeignFile.make("\(scratch.path)/other.h5") { ForeignFile.dataset($0, "x", ForeignFile.bytes, [2]) }
    ForeignFile.make(path) { file in
      let standard = ForeignFile.standard
      ForeignFile.group(file, "a")
      ForeignFile.dataset(file, "a/data", ForeignFile.floats, [4])
      H5Lcreate_hard(file, "a", file, "a/self", standard, standard)
      H5Lcreate_hard(file, "/", file, "a/root", standard, standard)
      H5Lcreate_hard(file, "a/data", file, "hard", standard, standard)
      H5Lcreate_soft("/a/data", file, "soft", standard, standard)
      H5Lcreate_soft("/nowhere", file, "dangling", standard, standard)
      H5Lcreate_soft("/ring", file, "ring", standard, standard)
      H5Lcreate_external("other.h5", "/x", file, "outside", standard, standard)
      H5Lcreate_external("/etc/passwd", "/x", file, "secret", standard, standard)
    }
    #expect(
      try lines(path) == [
        "/a: group", "/a/data: float32 [4]", "/a/root: as /", "/a/self: as /a", "/dangling: soft /nowhere false",
        "/hard: as /a/data", "/outside: external other.h5 /x", "/ring: soft /ring false",
        "/secret: external /etc/passwd /x", "/soft: soft /a/data true",
      ])
    #expect(try lines(path, below: "/a").prefix(2) == ["/a/data: float32 [4]", "/a/root: group"])
    #expect(try Verification(path).findings == [])
    #expect(throws: StorageError.noDataset(path: path, name: "outside", near: "outside")) {
      try Reader(path).floats("outside")
    }
  }

  @Test("groups inside each other end at 64, also where each holds two links to the next")
  func deep() throws {
    ForeignFile.make(path) { file in
      var group = H5Gcreate2(file, "g", ForeignFile.standard, ForeignFile.standard, ForeignFile.standard)
      for _ in 1..<200 {
        let next = H5Gcreate2(group, "g", ForeignFile.standard, ForeignFile.standard, ForeignFile.standard)
        H5Lcreate_hard(group, "g", group, "h", ForeignFile.standard, ForeignFile.standard)
        H5Gclose(group)
        group = next
      }
      H5Gclose(group)
    }
    let found = try lines(path)
    #expect(found.filter { $0.hasSuffix(": group") }.count == 63)
    #expect(found.filter { $0.contains("as /g/g") }.count == 63)
    #expect(
      found.filter { $0.contains("unreadable") } == [
        "\(String(repeating: "/g", count: 64)): unreadable, it is more than 64 groups deep."
      ])
    #expect(try Verification(path).unread.count == 1)
  }

  @Test("types with names, and data sets without values, are listed and read")
  func empty() throws {
    ForeignFile.make(path) { file in
      let type = H5Tcopy(ForeignFile.floats)
      H5Tcommit2(file, "type", type, ForeignFile.standard, ForeignFile.standard, ForeignFile.standard)
      H5Tclose(type)
      ForeignFile.dataset(file, "null", ForeignFile.floats, nil)
      ForeignFile.dataset(file, "none", ForeignFile.floats, [0, 3])
      ForeignFile.dataset(file, "scalar", ForeignFile.floats, [])
    }
    #expect(
      try lines(path) == ["/none: float32 [0, 3]", "/null: float32 null", "/scalar: float32 []", "/type: type float32"])
    let reader = try Reader(path)
    #expect(try reader.floats("null") == [] && reader.floats("none") == [] && reader.floats("scalar") == [0])
    #expect(try reader.raw("null").bytes == [] && reader.tensor("none").shape == [0, 3])
    #expect(try Verification(path).findings == [])
    #expect(throws: StorageError.self) { try reader.floats("type") }
  }

  @Test("names of any bytes are listed without control characters, and lead to their data sets")
  func names() throws {
    let names: [[UInt8]] = [
      Array("..".utf8), [0x1B] + Array("[2J".utf8), Array("ä b".utf8), Array("a\u{202E}b".utf8), [0xFF, 0x41, 0xC3],
      Array("\u{10FFC3}".utf8), Array("\n".utf8), [UInt8](repeating: 0x78, count: 3000),
    ]
    ForeignFile.make(path) { file in
      for (index, name) in names.enumerated() {
        ForeignFile.dataset(
          file, name.map { CChar(bitPattern: $0) } + [0], ForeignFile.bytes, [UInt64(index + 1)])
      }
    }
    let reader = try Reader(path), tree = Tree(reader, isDetailed: true)
    #expect(
      Set(tree.entries.map(\.name.printable)) == [
        "..", "\\x1B[2J", "ä b", "a\\x202Eb", "\\xFFA\\xC3", "\\xF4\\x8F\\xBF\\x83", "\\x0A",
        String(repeating: "x", count: 3000),
      ])
    #expect(Set(try tree.datasets.map { try reader.shape(of: $0) }) == Set((1...names.count).map { [$0] }))
    #expect(try Verification(path).datasets == names.count)
  }
}
