import Foundation
import OvertoneCLI

/// Runs a command in this process; returns "done", or the sentence that it fails with.
func overtone(_ arguments: [String]) -> String {
  do {
    var command = try Overtone.parseAsRoot(arguments)
    try command.run()
    return "done"
  } catch { return "\(error)" }
}

/// Runs a command of these words in this process.
func overtone(_ arguments: String...) -> String { overtone(arguments) }

/// Calls `body` with a temporary folder, which is removed afterwards.
func inFolder(_ body: (String) throws -> Void) throws {
  let folder = NSTemporaryDirectory() + "overtone-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(atPath: folder) }
  try body(folder)
}
