import Foundation
import Storage
import Testing

@Suite struct ImageFileTests {
  /// Writes a file of images of 2x2 with the given labels, image i holding the bytes 20 i ... 20 i + 11.
  private func withFile(labels: [Int], classNames: [String], _ body: (String) throws -> Void) throws {
    let path = NSTemporaryDirectory() + "overtone-\(UUID().uuidString).h5"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try ImageFile.write(
      to: path,
      .init(height: 2, width: 2, labels: labels, classNames: classNames, sources: labels.map { "\($0).png" })
    ) { index in (0..<12).map { UInt8(20 * index + $0) } }
    try body(path)
  }

  @Test(
    "a label that is no number of a class is an error of one sentence, before any label is used",
    arguments: [-1, -1_000_000, 1_000_000, Int.max])
  func labels(_ label: Int) throws {
    try withFile(labels: [0, label], classNames: ["a", "b"]) { path in
      let error = #expect(throws: StorageError.self) { try ImageFile(path) }
      #expect(
        error?.description
          == "\(path): 'label' is \(label) in row 1; labels are numbers of classes from 0 to 999999.")
    }
  }

  @Test("images, labels and names are read back as they were written, any range of rows")
  func contents() throws {
    try withFile(labels: [1, 0, 1], classNames: ["a", "b"]) { path in
      let file = try ImageFile(path)
      #expect(file.count == 3 && file.height == 2 && file.width == 2)
      #expect(file.labels == [1, 0, 1] && file.classNames == ["a", "b"])
      #expect(try file.pixels(1..<3) == (20..<32).map { UInt8($0) } + (40..<52).map { UInt8($0) })
    }
  }

  @Test("a label without a name is an error where others have names")
  func names() throws {
    try withFile(labels: [0, 3], classNames: ["a"]) { path in
      let error = #expect(throws: StorageError.self) { try ImageFile(path) }
      #expect(
        error?.description == "\(path): 'label' is 3 in row 1, and 'class_name' names 1 classes, from 0 to 0; "
          + "name every class, or none.")
    }
  }
}
