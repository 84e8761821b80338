import Files
import Foundation
import ProgramSupport
import Storage
import Testing

@Suite struct RecordTests {
  private func json(_ path: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any])
  }

  @Test("a run keeps where it was run, by what, from which files by hash, and every setting")
  func record() throws {
    let scratch = Scratch(), file = "\(scratch.path)/images.h5"
    try ImageFile.write(
      to: file,
      .init(
        height: 16, width: 16, labels: [0, 1, 0, 1, 0, 1, 0, 1], classNames: ["a", "b"],
        sources: (0..<8).map { "\($0)" })
    ) { index in (0..<768).map { UInt8(truncatingIfNeeded: $0 * index) } }
    let experiment = "\(projectFolder)/Experiments/smoke/sweep.yaml"
    let words = [
      "run", "--quiet", experiment, "results=\(scratch.path)/r", "--variant", "full,filter=dct/1",
      "dataset={use: hdf5, path: \(file), size: 16, classes: 2}", "training.batch=4", "evaluation.count=0",
    ]
    #expect(try program(words).status == 0)
    let status = try #require(scratch.content.first { $0.hasSuffix("/STATUS") })
    let folder = "\(scratch.path)/\(status.dropLast("/STATUS".count))"

    let inputs = try json("\(folder)/inputs.json"), read = try #require(inputs["inputs"] as? [[String: String]])
    #expect(read.map { $0["path"] } == [file] && read[0]["hash"] == SHA256.hex(ofFile: file))
    let model = try #require(inputs["model"] as? String)
    #expect(FileManager.default.fileExists(atPath: "\(model)/checkpoint.h5"))

    let environment = try json("\(folder)/environment.json")
    for key in ["overtone", "compiler", "system", "host", "processor", "blas", "blasKernel", "hdf5", "folder", "begun"]
    {
      #expect((environment[key] as? String)?.isEmpty == false, "\(key)")
    }
    for key in ["cores", "threads", "memoryBytes"] { #expect((environment[key] as? Int ?? 0) > 0, "\(key)") }
    #expect((environment["command"] as? [String])?.suffix(words.count).elementsEqual(words) == true)
    let changed = environment["folderChangedFiles"] as? Int ?? -1
    #expect((environment["folderChanges"] as? [String])?.count == min(100, changed))

    // What it says it was is the same experiment.
    let again = try program(["show", "\(folder)/experiment.yaml"])
    #expect(try again.output == String(contentsOfFile: "\(folder)/experiment.yaml", encoding: .utf8))
  }

  @Test("a run names the commit that the program was built from, and apart from it that of the folder it ran in")
  func commits() throws {
    let scratch = Scratch(), version = try program(["--version"]).output
    let build = try #require(version.wholeMatch(of: /0\.1\.0 \(commit (unknown|[0-9a-f]{12})(, sources changed)?\)\n/))
    func git(_ words: String...) throws {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
      process.arguments = ["git", "-C", scratch.path, "-c", "user.name=a", "-c", "user.email=a@b.c"] + words
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      #expect(process.terminationStatus == 0)
    }
    try git("init", "-q")
    try git("commit", "-q", "--allow-empty", "-m", "Begin")
    try scratch.write("a", "new")
    let words = ["run", "--quiet", quickstart, "results=r", "stages=[tokenizer]"] + tiny
    #expect(try program(words, in: scratch.path).status == 0)
    let environment = try json("\(onlyRun(in: "\(scratch.path)/r/quickstart"))/environment.json")
    let commit = try #require(environment["gitCommit"] as? String), folder = environment["folderCommit"] as? String
    #expect(commit.prefix(12) == build.1 && folder?.count == 40 && folder != commit)
    #expect(
      environment["gitSources"] as? String
        == (commit == "unknown" ? "unknown" : build.2 == nil ? "as committed" : "changed since"))
    #expect((environment["folderChanges"] as? [String])?.contains("?? new") == true)
    #expect(try program(["doctor"]).output.contains("overtone      \(version)"))
  }
}
