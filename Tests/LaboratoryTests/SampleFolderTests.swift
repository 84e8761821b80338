import Foundation
import Laboratory
import ProgramSupport
import Testing

@Suite struct SampleFolderTests {
  private let scratch = Scratch()
  private var path: String { "\(scratch.path)/out" }

  private func fill(_ count: Int) throws {
    try SampleFolder(path).replace { folder in
      for index in 0..<count {
        try Data("\(count)".utf8).write(to: URL(fileURLWithPath: "\(folder)/000\(index).png"))
      }
      for name in ["samples.h5", "grid.png"] {
        try Data("\(count)".utf8).write(to: URL(fileURLWithPath: "\(folder)/\(name)"))
      }
    }
  }

  @Test("a folder holds the images of the last call only")
  func replaced() throws {
    try fill(5)
    #expect(scratch.content.count == 1 + 7)
    try fill(2)
    #expect(scratch.content == ["out", "out/0000.png", "out/0001.png", "out/grid.png", "out/samples.h5"])
    #expect(FileManager.default.contents(atPath: "\(path)/0000.png") == Data("2".utf8))
  }

  @Test("a call that fails leaves the images of the last one, and nothing beside them")
  func failed() throws {
    try fill(3)
    let before = scratch.content
    #expect(message { try SampleFolder(path).replace { _ in throw LaboratoryError("stopped") } } == "stopped")
    #expect(scratch.content == before)
    try FileManager.default.createDirectory(atPath: "\(path).tmp.999999999", withIntermediateDirectories: true)
    try fill(3)
    #expect(scratch.content == before)
  }

  @Test("other files of a folder are left, and stale images among them are not")
  func mixed() throws {
    try fill(4)
    for name in ["input.png", "notes.txt", "12.png", "000x.png"] { try scratch.write("mine", "out/\(name)") }
    try fill(1)
    #expect(
      scratch.content.map { $0.dropFirst(4) }.filter { !$0.isEmpty } == [
        "0000.png", "000x.png", "12.png", "grid.png", "input.png", "notes.txt", "samples.h5",
      ])
  }

  @Test("images of another origin are not overwritten")
  func foreign() throws {
    try scratch.write("mine", "out/0000.png")
    #expect(
      message { try fill(2) }
        == "\(path): it holds 0000.png and no samples.h5, so that its images are not of 'overtone sample'; choose "
        + "another folder with --out.")
    #expect(scratch.content == ["out", "out/0000.png"])
  }
}
