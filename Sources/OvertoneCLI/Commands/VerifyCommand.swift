import ArgumentParser
import Foundation
import Laboratory

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Read files or runs through, and say what is damaged.",
    discussion: """
      Of a file, every data set is read, checks are compared, and axes and lengths must fit together. Of a run, so are
      the checkpoints that it uses, its pictures, and the files that its data came from. Status 1 if anything is wrong.

        overtone verify Results/quickstart/1
        overtone verify Results/quickstart/1/samples.h5 pictures.h5

      Names and attributes inside a file have no checks of their own; a change there shows only where it breaks something.
      """)
  @Argument(help: "HDF5 files, runs, or folders of runs.") var paths: [String]
  @Flag(help: "Print JSON.") var json = false
  @Flag(help: .hidden) var tried = false

  func run() throws {
    var all: [IntegrityReport] = []
    for path in paths { all += try IntegrityReport.all(at: path, isTried: tried) }
    if json {
      print(JSON.list(all.map(\.json)).lines)
    } else {
      for file in all {
        if file.findings.isEmpty { print("\(file.path): sound (\(file.summary))") }
        for finding in file.findings { print("\(file.path): \(finding)") }
        if !file.findings.isEmpty { print("  \(file.advice)") }
      }
    }
    let broken = all.filter { !$0.findings.isEmpty }.count
    guard broken == 0 else {
      throw LaboratoryError("\(broken) of \(all.count) \(all.count == 1 ? "file is" : "files are") not sound.")
    }
  }
}
