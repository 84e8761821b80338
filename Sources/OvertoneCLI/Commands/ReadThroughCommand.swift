import ArgumentParser
import Foundation
import Laboratory
import Storage

/// The command of a guarded process: reads an HDF5 file through and prints its verification for the program that
/// started it.
struct ReadThroughCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: GuardedReading.command, shouldDisplay: false)
  @Argument var file: String

  func run() throws {
    let verification = try Verification(file)
    FileHandle.standardOutput.write(try JSONEncoder().encode(verification))
  }
}
