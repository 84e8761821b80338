import CHDF5
import Foundation
import ProgramSupport
import Storage
import Tensors
import Testing

@Suite struct CheckListTests {
  private let scratch = ProgramSupport.Scratch()
  private var path: String { "\(scratch.path)/checkpoint.h5" }

  init() throws {
    var checkpoint = Checkpoint()
    checkpoint.model = [("a.weight", Tensor([2], [1, 2])), ("b.weight", Tensor([2], [3, 4]))]
    (checkpoint.step, checkpoint.updates, checkpoint.configuration) = (7, 7, "stage=model\n")
    try checkpoint.write(to: path)
  }

  /// The list of checks.
  private var list: String { get throws { try #require(try Reader(path).texts(Verification.dataset).first) } }

  /// Writes another list of checks, as a program with HDF5 can.
  private func write(_ list: String) {
    ForeignFile.change(path) { file in
      let dataset = H5Dopen2(file, Verification.dataset, ForeignFile.standard), type = H5Dget_type(dataset)
      list.withCString { text in
        var pointer: UnsafePointer<CChar>? = text
        _ = H5Dwrite(dataset, type, 0, 0, ForeignFile.standard, &pointer)
      }
      H5Tclose(type)
      H5Dclose(dataset)
    }
  }

  @Test("any changed byte of the list is found")
  func flipped() throws {
    let whole = try Data(contentsOf: URL(fileURLWithPath: path)), text = Data(try list.utf8)
    let offset = try #require(whole.range(of: text)).lowerBound
    #expect(try Verification(path).findings == [])
    for index in text.indices {
      var broken = whole
      broken[offset + index] ^= [1, 0x10, 0x20, 0x80][index % 4]
      try broken.write(to: URL(fileURLWithPath: path))
      #expect(try Verification(path).findings != [], "byte \(index)")
    }
  }

  @Test("checks that are missing, doubled, of nothing, or written in another way are found")
  func edited() throws {
    let whole = try list, lines = whole.split(separator: "\n").map { "\($0)\n" }
    let index = try #require(lines.firstIndex { $0.hasSuffix("/model/a/weight\n") }), line = lines[index]
    write(whole)
    #expect(try Verification(path).findings == [])
    var rest = lines
    rest.remove(at: index)
    for (text, finding) in [
      (rest.joined(), "'/model/a/weight' has no check, and every data set has one: a check is damaged."),
      (whole + line, "'/model/a/weight' has two checks in '/checks/crc32': a check is damaged."),
      (whole + "1 /model/c\n", "'/model/c' is missing."),
      (String(whole.dropLast()), "'/checks/crc32' is cut short: a check is damaged."),
      (whole + "0\(line)", "line \(lines.count + 1) of '/checks/crc32' is no check: a check is damaged."),
      (whole + line.uppercased(), "line \(lines.count + 1) of '/checks/crc32' is no check: a check is damaged."),
      (whole + "\n", "line \(lines.count + 1) of '/checks/crc32' is no check: a check is damaged."),
      (
        whole.replacing(line, with: "1\(line)"), "line \(index + 1) of '/checks/crc32' is no check: a check is damaged."
      ),
    ] {
      write(text)
      #expect(try Verification(path).findings.contains(finding), "\(text.debugDescription)")
    }
  }
}
