import Foundation
import Storage
import Tensors
import Testing

/// The message of the error that a body throws, or "no error".
private func message(_ body: () throws -> some Any) -> String {
  do {
    _ = try body()
    return "no error"
  } catch { return "\(error)" }
}

/// Writes a data set of every kind.
private func writeAll(to path: String) throws {
  try Writer.replacing(path) { file in
    try file.attribute("number", 3)
    try file.attribute("real", 0.5)
    try file.attribute("text", "ä")
    try file.write(Tensor([2, 3], [1, 2, 3, 4, 5, 6]), "group/tensor")
    try file.write([1.5, -2] as [Float], "floats")
    try file.write([0.1, 1e300] as [Double], "doubles")
    try file.write([-1, Int.max], "ints")
    try file.write([0, 255] as [UInt8], "bytes")
    try file.write("ä\nb", "text")
    try file.write(["", "ä", "long text"], "texts")
    try file.attribute("units", "m", of: "floats")
  }
}

@Suite struct DatasetTests {
  @Test("numbers and texts of every kind read back as they were written")
  func roundTrips() throws {
    let folder = Scratch(), path = folder.path + "/all.h5"
    try writeAll(to: path)
    let reader = try Reader(path)
    let tensor = try reader.tensor("group/tensor")
    #expect(tensor.shape == [2, 3] && tensor.scalars == [1, 2, 3, 4, 5, 6])
    #expect(try reader.floats("floats") == [1.5, -2] && reader.doubles("doubles") == [0.1, 1e300])
    #expect(try reader.ints("ints") == [-1, Int.max] && reader.bytes("bytes") == [0, 255])
    #expect(try reader.texts("text") == ["ä\nb"] && reader.texts("texts") == ["", "ä", "long text"])
  }

  @Test("kinds and shapes are those that were written")
  func kinds() throws {
    let folder = Scratch(), path = folder.path + "/all.h5"
    try writeAll(to: path)
    let reader = try Reader(path)
    #expect(try reader.kind(of: "group/tensor") == .float(bits: 32) && reader.kind(of: "doubles") == .float(bits: 64))
    #expect(try reader.kind(of: "ints") == .integer(bits: 64) && reader.kind(of: "bytes") == .natural(bits: 8))
    #expect(try reader.kind(of: "text") == .text)
    #expect(try reader.shape(of: "text") == [] && reader.shape(of: "texts") == [3])
    #expect(try reader.shape(of: "group/tensor") == [2, 3])
    #expect(Kind.other.description == "something else" && Kind.natural(bits: 16).description == "uint16")
  }

  @Test("groups and data sets are found by path, and listed with their scales")
  func names() throws {
    let folder = Scratch(), path = folder.path + "/all.h5"
    try writeAll(to: path)
    let reader = try Reader(path)
    #expect(reader.has("group") && reader.has("/group/tensor") && !reader.has("group/none") && !reader.has("none/x"))
    #expect(reader.isGroup("group") && !reader.isGroup("floats") && !reader.isGroup("none"))
    #expect(reader.names(in: "group") == ["tensor"] && reader.names(in: "none") == [])
    #expect(reader.axes(of: "group/tensor") == ["dim_2", "dim_3"] && reader.axes(of: "texts") == ["texts_0"])
    #expect(reader.isScale("dim_2") && !reader.isScale("floats") && !reader.isScale("none"))
  }

  @Test("numbers convert to the type that is read: fractions are cut off, bytes limited to their range")
  func conversions() throws {
    let folder = Scratch(), path = folder.path + "/all.h5"
    try writeAll(to: path)
    let reader = try Reader(path)
    #expect(try reader.ints("floats") == [1, -2] && reader.bytes("ints") == [0, 255])
    #expect(try reader.doubles("floats") == [1.5, -2] && reader.floats("bytes") == [0, 255])
  }

  @Test("some rows are read by themselves, and rows that are not there are an error")
  func rows() throws {
    let folder = Scratch(), path = folder.path + "/rows.h5"
    try Writer.replacing(path) { try $0.write(Tensor([4, 2], (0..<8).map { Float($0) }), "m") }
    let reader = try Reader(path)
    #expect(try reader.floats("m", rows: 1..<3) == [2, 3, 4, 5])
    #expect(try reader.codes("m", rows: 3..<4) == [6, 7] && reader.bytes("m", rows: 0..<1) == [0, 1])
    #expect(
      message { try reader.floats("m", rows: 3..<5) }
        == "\(path): 'm' cannot be read: the file is damaged or cut short.")
  }

  @Test("a data set of more than a chunk reads back the same, with compression and without", arguments: [true, false])
  func chunks(isCompressed: Bool) throws {
    let folder = Scratch(), path = folder.path + "/large.h5"
    let values = (0..<600 * 700).map { Float($0 % 1000) }
    try Writer.replacing(path) { try $0.write(Tensor([600, 700], values), "m", compressed: isCompressed) }
    #expect(try Reader(path).floats("m") == values)
    let size = try #require(try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int)
    #expect((size < 4 * values.count) == isCompressed)
    let found = try Verification(path)
    #expect(found.findings == [] && found.kind == nil)
  }

  @Test("a missing name is refused with a sibling of nearly the same name, where there is one")
  func missing() throws {
    let folder = Scratch(), path = folder.path + "/all.h5"
    try writeAll(to: path)
    let reader = try Reader(path)
    #expect(
      message { try reader.floats("group/tenso") }
        == "\(path): there is no data set 'group/tenso'. Did you mean 'group/tensor'?")
    #expect(
      message { try reader.shape(of: "Floats") } == "\(path): there is no data set 'Floats'. Did you mean 'floats'?")
    #expect(message { try reader.kind(of: "unrelated") } == "\(path): there is no data set 'unrelated'.")
  }

  @Test("a data set of another kind is refused with both kinds")
  func wrongKinds() throws {
    let folder = Scratch(), path = folder.path + "/all.h5"
    try writeAll(to: path)
    let reader = try Reader(path)
    #expect(message { try reader.floats("text") } == "\(path): 'text' holds text, not numbers.")
    #expect(message { try reader.texts("ints") } == "\(path): 'ints' holds int64, not text.")
    #expect(message { try reader.raw("texts") } == "\(path): 'texts' holds text, not numbers.")
  }

  @Test("attributes of files and data sets are numbers or texts, and nil where they are something else")
  func attributes() throws {
    let folder = Scratch(), path = folder.path + "/all.h5"
    try writeAll(to: path)
    let reader = try Reader(path)
    #expect(reader.attribute("number") == [3] && reader.attribute("real") == [0.5] && reader.attribute("text") == nil)
    #expect(reader.text(attribute: "text") == "ä" && reader.text(attribute: "number") == nil)
    #expect(reader.text(attribute: "units", of: "floats") == "m" && reader.text(attribute: "units") == nil)
    #expect(reader.attributes().sorted() == ["number", "real", "text"] && reader.attributes(of: "none") == [])
  }

  @Test("every error is one sentence that begins with the path")
  func descriptions() {
    let sentences: [(StorageError, String)] = [
      (.missing(path: "x"), "x: there is no such file."), (.unreadable(path: "x", why: "why."), "x: why."),
      (.noDataset(path: "x", name: "a", near: nil), "x: there is no data set 'a'."),
      (.noDataset(path: "x", name: "a", near: "b"), "x: there is no data set 'a'. Did you mean 'b'?"),
      (.wrongKind(path: "x", name: "a", found: "text", wanted: "uint8"), "x: 'a' holds text, not uint8."),
      (.wrongShape(path: "x", name: "a", found: [2], wanted: [1, 3]), "x: 'a' has shape [2], not [1, 3]."),
      (.unwritable(path: "x", why: "why."), "x: it cannot be written: why."),
    ]
    for (error, sentence) in sentences { #expect(error.description == sentence) }
  }

  @Test("files are not created in a folder that does not exist, and the reason is given")
  func unwritable() throws {
    let folder = Scratch(), path = folder.path + "/none/x.h5"
    let why =
      "\(path): it cannot be written: No such file or directory; choose a folder that exists and can be written."
    #expect(message { try Writer.replacing(path) { _ in Issue.record("nothing is open") } } == why)
    #expect(message { try MetricsLog(path).append("train", step: 1, [("loss", 1)]) } == why)
    #expect(message { try ZipArchive(path).finish() } == why)
  }
}
