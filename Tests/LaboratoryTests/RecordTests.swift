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
    #expect((environment["gitChanges"] as? [String])?.count == min(100, environment["gitChangedFiles"] as? Int ?? -1))

    // What it says it was is the same experiment.
    let again = try program(["show", "\(folder)/experiment.yaml"])
    #expect(try again.output == String(contentsOfFile: "\(folder)/experiment.yaml", encoding: .utf8))
  }
}
