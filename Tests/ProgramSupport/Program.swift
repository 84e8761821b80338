import Foundation

/// The project's folder, derived from the path of this file.
public let projectFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().path

/// The user's cache folder for programs that tests start.
public let cacheFolder = "\(projectFolder)/.build/cache-of-tests"

/// The exit status and the output of a finished program.
public struct Ending {
  /// The exit status; the negative number of the signal that ended the program.
  public var status: Int32
  /// The standard output.
  public var output: String
  /// The standard error.
  public var errors: String

  /// The last line of the standard error.
  public var sentence: String { errors.split(separator: "\n").last.map(String.init) ?? "" }
}

/// Runs the program as a process, and waits for its end.
///
/// `limit` is the largest size of a file, in blocks of 512 bytes; `folder` the working directory. `stop` holds signals
/// that are sent once `when` returns true, and the interval between them in seconds.
public func program(
  _ arguments: [String], limit: Int? = nil, in folder: String? = nil,
  stop: (signals: [Int32], interval: Double, when: () -> Bool)? = nil
) throws -> Ending {
  let process = Process(), binary = "\(projectFolder)/.build/release/overtone"
  let output = NSTemporaryDirectory() + "overtone-out-\(UUID().uuidString)", errors = output + "-err"
  for path in [output, errors] { _ = FileManager.default.createFile(atPath: path, contents: nil) }
  defer { for path in [output, errors] { try? FileManager.default.removeItem(atPath: path) } }
  process.executableURL = URL(fileURLWithPath: limit == nil ? binary : "/bin/sh")
  process.arguments =
    limit.map { ["-c", "ulimit -f \($0); exec \"$0\" \"$@\"", binary] + arguments } ?? arguments
  // Files of tests do not stay in the user's cache.
  process.environment = ProcessInfo.processInfo.environment.merging(["XDG_CACHE_HOME": cacheFolder]) { $1 }
  if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
  process.standardInput = FileHandle.nullDevice
  process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
  process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
  try process.run()
  if let stop {
    while process.isRunning && !stop.when() { usleep(5000) }
    for number in stop.signals where process.isRunning {
      kill(process.processIdentifier, number)
      usleep(UInt32(stop.interval * 1e6))
    }
  }
  process.waitUntilExit()
  func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
  return Ending(
    status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
    output: try text(output), errors: try text(errors))
}

/// A temporary folder, removed with its last reference.
public final class Scratch: Sendable {
  /// The folder's path.
  public let path = NSTemporaryDirectory() + "overtone-\(UUID().uuidString)"
  /// Creates the folder.
  public init() { try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Writes a text to a file below the folder, which is created with its parents.
  public func write(_ text: String, _ name: String) throws {
    let url = URL(fileURLWithPath: "\(path)/\(name)")
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  /// The sorted relative paths of everything in the folder.
  public var content: [String] { ((try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []).sorted() }
}

/// The folder of the only run below a folder of results, which is named by what was put over its file.
public func onlyRun(in results: String) -> String {
  let paths = (try? FileManager.default.subpathsOfDirectory(atPath: results)) ?? []
  let runs = paths.filter { $0.hasSuffix("/STATUS") }
  return runs.count == 1 ? "\(results)/\(runs[0].dropLast("/STATUS".count))" : "\(results): \(runs.count) runs"
}

/// The path of the quickstart's experiment file.
public let quickstart = "\(projectFolder)/Experiments/quickstart.yaml"
/// Overrides that make a run of the quickstart take seconds.
public let tiny = [
  "dataset.count=32", "tokenizer.training.steps=3", "tokenizer.training.batch=4", "training.steps=10",
  "training.batch=4", "backbone.width=32", "backbone.depth=2", "loss.width=32", "loss.depth=1", "loss.steps=4",
  "sampling.per-class=2", "evaluation.count=8", "tokenizer.width=8",
]
