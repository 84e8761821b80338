import CHDF5
import Files
import Foundation
import ProgramSupport
import Storage
import Testing

/// The message of the error that a body throws, or "no error".
private func message(_ body: () throws -> some Any) -> String {
  do {
    _ = try body()
    return "no error"
  } catch { return "\(error)" }
}

/// The most memory that this process has held so far, in bytes.
private var peak: Int {
  var usage = rusage()
  getrusage(RUSAGE_SELF.rawValue, &usage)
  return usage.ru_maxrss << 10
}

@Suite struct DeclaredSizeTests {
  private let scratch = ProgramSupport.Scratch()
  private var path: String { "\(scratch.path)/x.h5" }

  @Test(
    "a size that a file declares and does not hold is named, and never allocated",
    arguments: [
      (
        [1 << 60], [1024],
        "its shape [1152921504606846976] is that of more bytes than there can be."
      ),
      (
        [1 << 40, 1 << 40], [16, 16],
        "its shape [1099511627776, 1099511627776] is that of more bytes than there can be."
      ),
      (
        [1 << 50], [1024],
        "its shape [1125899906842624] is that of 4503599627370496 bytes, of which 0 are stored: most was never written."
      ),
      (
        [1 << 27], [1024],
        "its shape [134217728] is that of 536870912 bytes, of which 0 are stored: most was never written."
      ),
    ] as [([UInt64], [UInt64], String)])
  func declared(_ shape: [UInt64], _ chunk: [UInt64], _ reason: String) throws {
    ForeignFile.make(path) { file in
      ForeignFile.dataset(file, "huge", ForeignFile.floats, shape, chunk: chunk)
      ForeignFile.dataset(file, "sound", ForeignFile.floats, [2])
    }
    let before = peak, reader = try Reader(path), sentence = "\(path): 'huge' cannot be read: \(reason)"
    #expect(message { try reader.floats("huge") } == sentence)
    #expect(message { try reader.ints("huge") } == sentence)
    #expect(message { try reader.tensor("huge") } == sentence)
    #expect(message { try reader.raw("huge") } == sentence)
    #expect(try reader.floats("sound") == [0, 0])
    let verification = try Verification(path)
    #expect(verification.findings + verification.unread == ["'/huge' cannot be read: \(reason)"])
    // Tests run beside each other, and take some.
    #expect(peak - before < 256 << 20)
  }

  @Test("a chunk of more than the machine's memory is named")
  func chunk() throws {
    ForeignFile.make(path) {
      ForeignFile.dataset($0, "x", ForeignFile.bytes, [4_000_000_000], chunk: [4_000_000_000])
    }
    #expect(message { try Reader(path).bytes("x") }.contains("cannot be read: "))
  }

  @Test("values that lie in other files are not read: of an external list, and of a virtual data set")
  func elsewhere() throws {
    try scratch.write("secret text", "secret")
    ForeignFile.make(path) { file in
      ForeignFile.dataset(file, "external", ForeignFile.bytes, [11]) {
        H5Pset_external($0, "\(scratch.path)/secret", 0, 11)
      }
      ForeignFile.dataset(file, "virtual", ForeignFile.bytes, [2]) { properties in
        let space = H5Screate_simple(1, [2], nil)
        H5Pset_virtual(properties, space, "\(scratch.path)/secret", "/x", space)
        H5Sclose(space)
      }
    }
    let reader = try Reader(path)
    let external = "'external' cannot be read: its values lie in another file, which is not opened."
    let virtual = "'virtual' cannot be read: it consists of data sets of other files, which are not opened."
    #expect(message { try reader.bytes("external") } == "\(path): \(external)")
    #expect(message { try reader.raw("external") } == "\(path): \(external)")
    #expect(message { try reader.bytes("external", rows: 0..<2) } == "\(path): \(external)")
    #expect(message { try reader.bytes("virtual") } == "\(path): \(virtual)")
    #expect(try Verification(path).unread.count == 2)
  }

  @Test("an attribute whose size is not in the file is damaged, and the others are read")
  func attributes() throws {
    ForeignFile.make(path) { file in
      for (name, count) in [("large", 12345), ("small", 2)] {
        let space = H5Screate_simple(1, [UInt64(count)], nil)
        let attribute = H5Acreate2(file, name, ForeignFile.floats, space, ForeignFile.standard, ForeignFile.standard)
        H5Awrite(attribute, ForeignFile.floats, [Float](repeating: 1, count: count))
        H5Aclose(attribute)
        H5Sclose(space)
      }
    }
    #expect(try Reader(path).attribute("large")?.count == 12345)
    var data = try Data(contentsOf: URL(fileURLWithPath: path))
    let size = withUnsafeBytes(of: UInt64(12345)) { Data($0) },
      other = withUnsafeBytes(of: UInt64(1 << 59)) { Data($0) }
    while let range = data.range(of: size) { data.replaceSubrange(range, with: other) }
    try data.write(to: URL(fileURLWithPath: path))
    let reader = try Reader(path)
    #expect(reader.attribute("large") == nil && reader.text(attribute: "large") == nil)
    _ = Tree(reader, isDetailed: true).attributes
  }
}
