import Foundation
import Storage
import Testing

@Suite struct AxesTests {
  @Test("an axis is numbered, or has the numbers or texts that it is given, and is written once for all that name it")
  func scales() throws {
    let folder = Scratch(), path = folder.path + "/axes.h5"
    let band = Axis("band", .numbers([0.5, 2])), colour = Axis("colour", .texts(["red", "green", "blue"]))
    try Writer.replacing(path) { file in
      try file.attribute("file_type", "images")
      try file.write([1, 2, 3, 4, 5, 6] as [Float], "a", shape: [2, 3], axes: [band, colour])
      try file.write([7, 8], "group/b", axes: [band])
      try file.write([9], "c", axes: [Axis("sample")])
    }
    let reader = try Reader(path)
    #expect(try reader.doubles("band") == [0.5, 2] && reader.texts("colour") == ["red", "green", "blue"])
    #expect(try reader.doubles("sample") == [0])
    #expect(reader.axes(of: "a") == ["band", "colour"] && reader.axes(of: "group/b") == ["band"])
    #expect(reader.isScale("band") && reader.isScale("colour") && !reader.isScale("a"))
    #expect(try Verification(path).findings == [])
  }

  @Test("a scale of another length than its axis is reported")
  func lengths() throws {
    let folder = Scratch(), path = folder.path + "/axes.h5"
    try Writer.replacing(path) { file in
      try file.attribute("file_type", "images")
      try file.write([1, 2], "a", axes: [Axis("x")])
      try file.write([1, 2, 3], "b", axes: [Axis("x")])
    }
    #expect(try Verification(path).findings == ["axis 0 of '/b' has 3 entries, and its scale '/x' 2."])
  }

  @Test("events are not written into a folder that does not exist, and the reason is given")
  func events() throws {
    let folder = Scratch(), path = folder.path + "/none/events"
    let error = #expect(throws: StorageError.self) { try EventFile(path, [], startedAt: 1) }
    #expect(error?.description == "\(path): it cannot be written: No such file or directory.")
  }
}
