import Foundation
import Laboratory
import ProgramSupport
import Testing

private struct Outcome { var status: Int32, output: String }

/// Runs the command as a process; `seconds`: kills it then, as a machine that fails would.
private func overtone(_ arguments: [String], killedAfter seconds: Double? = nil) throws -> Outcome {
  let process = Process(), pipe = Pipe()
  process.executableURL = URL(fileURLWithPath: "\(projectFolder)/.build/release/overtone")
  process.arguments = arguments
  process.standardOutput = pipe
  process.standardError = FileHandle.nullDevice
  try process.run()
  if let seconds {
    usleep(UInt32(seconds * 1e6))
    kill(process.processIdentifier, SIGKILL)
  }
  let data = pipe.fileHandleForReading.readDataToEndOfFile()
  process.waitUntilExit()
  return Outcome(status: process.terminationStatus, output: String(decoding: data, as: UTF8.self))
}

@Suite(.serialized) struct ExperimentRunsTests {
  private static let file = "\(projectFolder)/Experiments/smoke/sweep.yaml"

  @Test("a sweep that is killed again and again ends in the table of one that ran through, byte for byte")
  func killed() throws {
    let folder = NSTemporaryDirectory() + "overtone-sweep-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let whole = try overtone(["run", "--quiet", Self.file, "results=\(folder)/whole"])
    #expect(whole.status == 0)
    for delay in [0.05, 0.2, 0.35, 0.5, 0.8] {
      _ = try overtone(["run", "--quiet", Self.file, "results=\(folder)/broken"], killedAfter: delay)
    }
    let status = try overtone(["status", Self.file, "results=\(folder)/broken"])
    #expect(status.status == 0 && status.output.contains("of 8 done"))
    let end = try overtone(["run", "--quiet", Self.file, "results=\(folder)/broken"])
    #expect(end.status == 0)
    let tables = try ["whole", "broken"].map {
      try overtone(["table", Self.file, "--results", "\(folder)/\($0)", "--format", "csv"]).output
    }
    #expect(tables[0] == tables[1] && tables[0].split(separator: "\n").count == 5)
    // The samples of every run, too.
    for path in try FileManager.default.subpathsOfDirectory(atPath: "\(folder)/whole/sweep")
    where path.hasSuffix("samples.h5") {
      #expect(
        FileManager.default.contents(atPath: "\(folder)/whole/sweep/\(path)")
          == FileManager.default.contents(atPath: "\(folder)/broken/sweep/\(path)"), "\(path)")
    }
  }

  @Test("two processes share the runs of a sweep, and none is done twice")
  func jobs() throws {
    let folder = NSTemporaryDirectory() + "overtone-jobs-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    #expect(try overtone(["run", "--quiet", "--jobs", "2", Self.file, "results=\(folder)"]).status == 0)
    let status = try overtone(["status", Self.file, "results=\(folder)", "--json"])
    let entries = try JSONSerialization.jsonObject(with: Data(status.output.utf8)) as? [[String: Any]]
    #expect(entries?.count == 8 && entries?.allSatisfy { $0["state"] as? String == "done" } == true)
    for path in try FileManager.default.subpathsOfDirectory(atPath: folder) where path.hasSuffix("log.txt") {
      let log = try String(contentsOfFile: "\(folder)/\(path)", encoding: .utf8)
      #expect(log.components(separatedBy: "done in").count == 2, "\(path)")
    }
  }

  @Test("one failure does not stop the rest, and status says why")
  func failure() throws {
    let folder = NSTemporaryDirectory() + "overtone-failure-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let text = """
      extends: \(Self.file)
      seeds: [1]
      sweep:
        variants: { lost: { dataset: { use: hdf5, path: \(folder)/gone.h5, size: 16, classes: 4 } }, found: }
        grid: {}
      expect: []
      """
    try text.write(toFile: "\(folder)/e.yaml", atomically: true, encoding: .utf8)
    #expect(try overtone(["run", "--quiet", "\(folder)/e.yaml", "results=\(folder)/r"]).status == 1)
    let status = try overtone(["status", "\(folder)/e.yaml", "results=\(folder)/r"]).output
    #expect(status.contains("lost   seed 1  failed") && status.contains("gone.h5") && status.contains("1 of 2 done"))
  }
}
