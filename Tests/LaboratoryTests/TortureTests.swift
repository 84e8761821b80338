import Foundation
import ProgramSupport
import Testing

/// A slice of `make torture`, whose whole takes minutes.
@Suite struct TortureTests {
  private static let isPossible =
    systemOutput(["python3", "--version"]) != nil && systemOutput(["cc", "--version"]) != nil

  @Test(
    "killed at any moment or write, or with a failing disk, a run ends in the same bytes once it is run again",
    .enabled(if: isPossible, "needs python3 and a C compiler"))
  func slice() throws {
    let process = Process(), pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = [
      "python3", "\(projectFolder)/Tests/Torture/torture.py", "--program", "\(projectFolder)/.build/release/overtone",
      "--experiments", "masked,frequency", "--kills", "4", "--points", "6", "--seed", "1",
    ]
    process.standardOutput = pipe
    try process.run()
    let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(output)")
    #expect(output.contains(", 0 failed\n"), "\(output)")
  }
}
