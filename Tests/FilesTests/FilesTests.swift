import Files
import Foundation
import ProgramSupport
import Testing

@Suite struct ExtentTests {
  @Test("The extent of a shape is its number of elements, and nothing where that is no Int")
  func counts() {
    let cases: [(shape: [Int], count: Int?)] = [
      ([], 1), ([3], 3), ([2, 3, 4], 24), ([0], 0), ([0, Int.max, Int.max], nil), ([Int.max, 0], 0), ([-1], nil),
      ([-1, 0], nil), ([0, -1], nil), ([Int.max, 2], nil), ([1 << 32, 1 << 31], nil), ([1 << 31, 1 << 31], 1 << 62),
    ]
    for (shape, count) in cases { #expect(Extent(shape)?.count == count, "\(shape)") }
    #expect(Extent([UInt64.max]) == nil)
    #expect(Extent([UInt64(5), 2])?.count == 10)
  }

  @Test("An array fits where its end is representable and not beyond the limit")
  func fits() throws {
    let ten = try #require(Extent([10]))
    #expect(ten.bytes(elementSize: 4) == 40)
    #expect(ten.bytes(elementSize: Int.max) == nil)
    #expect(ten.fits(elementSize: 4, at: 60, limit: 100))
    #expect(!ten.fits(elementSize: 4, at: 61, limit: 100))
    #expect(!ten.fits(elementSize: 4, at: Int.max, limit: Int.max))
    #expect(!ten.fits(elementSize: 4, at: -1, limit: 100))
    #expect(ten.fitsMemory(elementSize: 4))
    #expect(try !#require(Extent([1 << 60])).fitsMemory(elementSize: 4))
  }
}

@Suite struct RegularFileTests {
  @Test("A folder, a pipe without a writer and a device are refused at once")
  func refused() throws {
    let scratch = Scratch()
    let pipe = "\(scratch.path)/pipe", none = "\(scratch.path)/none"
    #expect(mkfifo(pipe, 0o600) == 0)
    for (path, sentence) in [
      (scratch.path, "this is a folder, not a file."), (pipe, "this is a pipe, not a file."),
      ("/dev/zero", "this is a device, not a file."), (none, "there is no such file."),
    ] {
      #expect { try RegularFile.bytes(path) } throws: { "\($0)" == "\(path): \(sentence)" }
      #expect(SHA256.hex(ofFile: path) == nil)
    }
  }

  @Test("A file is read whole, whatever the size of a part, and refused beyond the limit")
  func whole() throws {
    let scratch = Scratch(), path = "\(scratch.path)/file"
    for count in [0, 1, 1 << 20, 1 << 20 + 1, 3_000_000] {
      let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
      try writeWhole(bytes, to: path)
      #expect(try RegularFile.bytes(path) == bytes)
      #expect(
        SHA256.hex(ofFile: path)
          == {
            let hash = SHA256(); hash.update(bytes); return hash.hex()
          }())
    }
    #expect { try RegularFile.bytes(path, limit: 2_999_999) } throws: {
      "\($0)" == "\(path): the file has 3000000 bytes, and at most 2999999 are read."
    }
  }
}

@Suite struct WriteTests {
  @Test("A file is replaced whole, and a failure leaves the old one and nothing beside it")
  func replacing() throws {
    let scratch = Scratch(), folder = scratch.path, path = "\(folder)/a.txt"
    try writeWhole(Array("old".utf8), to: path)
    try writeWhole(Array("new and longer".utf8), to: path)
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "new and longer")
    try FileManager.default.createDirectory(atPath: "\(folder)/b", withIntermediateDirectories: true)
    do throws(FileError) {
      try writeWhole(Array("x".utf8), to: "\(folder)/b")
      Issue.record("a folder was replaced")
    } catch {
      #expect(error.description == "\(folder)/b: it cannot be written: Is a directory.")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).sorted() == ["a.txt", "b"])
  }
}
