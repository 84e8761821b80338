import Foundation
import ProgramSupport
import Storage
import Testing

@Suite struct TensorBoardTests {
  private func steps(in folder: String) throws -> [Int: Double] {
    let names = try FileManager.default.contentsOfDirectory(atPath: folder)
    #expect(names.count == 1, "\(names)")
    return EventFile.times(in: "\(folder)/\(names[0])")
  }

  @Test("a run writes a file of events for each stage, and changes no byte of its other files")
  func whole() throws {
    let scratch = Scratch()
    for (name, more) in [("without", []), ("with", ["logging=tensorboard"])] {
      let ending = try program(
        ["run", "--quiet", quickstart, "results=\(scratch.path)/\(name)"] + tiny + ["training.steps=30"] + more)
      #expect(ending.status == 0, "\(ending.errors)")
    }
    let board = "\(onlyRun(in: "\(scratch.path)/with"))/tensorboard"
    #expect(try steps(in: "\(board)/model").keys.sorted() == [10, 20, 30])
    #expect(try steps(in: "\(board)/tokenizer").keys.sorted() == [3])
    #expect(try steps(in: "\(board)/eval").keys.sorted() == [30])
    let (without, with) = (scratch.path + "/without", scratch.path + "/with")
    let files = try FileManager.default.subpathsOfDirectory(atPath: without).filter {
      $0.hasSuffix("checkpoint.h5") || $0.hasSuffix("samples.h5") || $0.hasSuffix("grid.png")
    }
    #expect(files.count == 4)
    for path in files {
      #expect(FileManager.default.contentsEqual(atPath: "\(without)/\(path)", andPath: "\(with)/\(path)"), "\(path)")
    }
  }

  @Test("a stopped run that goes on has every step once, and keeps the times of those before")
  func resumed() throws {
    let scratch = Scratch()
    let words = ["run", quickstart, "results=\(scratch.path)", "logging=tensorboard"] + tiny + ["training.steps=600"]
    func board() -> String { "\(onlyRun(in: scratch.path))/tensorboard/model" }
    #expect(try program(words, stop: ([SIGTERM], 0, { isBegun(board()) })).status == 75)
    let before = try steps(in: board())
    #expect(!before.isEmpty && before.count < 60)
    #expect(try program(words + ["--quiet"]).status == 0)
    let after = try steps(in: board())
    #expect(after.keys.sorted() == Array(stride(from: 10, through: 600, by: 10)))
    for (step, time) in before { #expect(after[step] == time) }
    let file = try #require(try FileManager.default.contentsOfDirectory(atPath: board()).first)
    let size = try FileManager.default.attributesOfItem(atPath: "\(board())/\(file)")[.size] as? Int
    // Running again does nothing twice.
    #expect(try program(words + ["--quiet"]).status == 0)
    #expect(try FileManager.default.attributesOfItem(atPath: "\(board())/\(file)")[.size] as? Int == size)
  }

  @Test("a run that was done without gets its events when logging is switched on, and trains nothing again")
  func later() throws {
    let scratch = Scratch(), words = ["run", quickstart, "results=\(scratch.path)"] + tiny
    #expect(try program(words + ["--quiet"]).status == 0)
    let again = try program(words + ["logging=tensorboard"])
    #expect(again.status == 0 && again.errors.contains("model: trained before, 10 steps"))
    #expect(try steps(in: "\(onlyRun(in: scratch.path))/tensorboard/model").keys.sorted() == [10])
  }
}

/// True if a file holds events beyond its head.
private func isBegun(_ folder: String) -> Bool {
  ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).contains { name in
    ((try? FileManager.default.attributesOfItem(atPath: "\(folder)/\(name)")[.size] as? Int) ?? 0) > 200
  }
}
