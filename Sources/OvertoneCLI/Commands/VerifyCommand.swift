import ArgumentParser
import Foundation
import Laboratory

struct VerifyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "verify", abstract: "Check the integrity of files or runs.",
    discussion: """
      In a file, every dataset is read, checksums are compared, and axes and lengths must be consistent. In a run, so
      are its checkpoints, its images, and its input files. The exit status is 1 if anything is damaged.

        overtone verify Results/quickstart/1
        overtone verify Results/quickstart/1/samples.h5 images.h5

      Names and attributes inside a file have no checksums; a change there is found only if the file becomes
      inconsistent.
      """)
  @Argument(help: "HDF5 files, runs, or folders of runs.") var paths: [String]
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    var all: [IntegrityReport] = []
    for path in paths { all += try IntegrityReport.all(at: path) }
    if json {
      print(JSON.list(all.map(\.json)).lines)
    } else {
      for file in all {
        if file.findings.isEmpty { print("\(file.path): sound (\(file.summary))") }
        for finding in file.findings { print("\(file.path): \(finding)") }
        for sentence in file.unread { print("  \(sentence)") }
        if !file.findings.isEmpty { print("  \(file.advice)") }
      }
    }
    let broken = all.filter { !$0.findings.isEmpty }.count
    guard broken == 0 else {
      throw LaboratoryError("\(broken) of \(all.count) \(all.count == 1 ? "file is" : "files are") not sound.")
    }
  }
}
