import Foundation

/// The project's folder, from where this file lies.
public let projectFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().path

/// How the program ended and what it said.
public struct Ending {
  public var status: Int32
  public var output: String
  public var errors: String

  /// The last line of what it complained.
  public var sentence: String { errors.split(separator: "\n").last.map(String.init) ?? "" }
}

/// Runs the program itself, as it would be typed; `limit`: no file may grow beyond so many blocks of 512 bytes.
/// `stop`: signals that it gets, and how far apart in seconds, once `when` holds.
public func program(
  _ arguments: [String], limit: Int? = nil, in folder: String? = nil,
  stop: (signals: [Int32], apart: Double, when: () -> Bool)? = nil
) throws -> Ending {
  let process = Process(), binary = "\(projectFolder)/.build/release/overtone"
  let output = NSTemporaryDirectory() + "overtone-out-\(UUID().uuidString)", errors = output + "-err"
  for path in [output, errors] { _ = FileManager.default.createFile(atPath: path, contents: nil) }
  defer { for path in [output, errors] { try? FileManager.default.removeItem(atPath: path) } }
  process.executableURL = URL(fileURLWithPath: limit == nil ? binary : "/bin/sh")
  process.arguments =
    limit.map { ["-c", "ulimit -f \($0); exec \"$0\" \"$@\"", binary] + arguments } ?? arguments
  if let folder { process.currentDirectoryURL = URL(fileURLWithPath: folder) }
  process.standardInput = FileHandle.nullDevice
  process.standardOutput = try FileHandle(forWritingTo: URL(fileURLWithPath: output))
  process.standardError = try FileHandle(forWritingTo: URL(fileURLWithPath: errors))
  try process.run()
  if let stop {
    while process.isRunning && !stop.when() { usleep(5000) }
    for number in stop.signals where process.isRunning {
      kill(process.processIdentifier, number)
      usleep(UInt32(stop.apart * 1e6))
    }
  }
  process.waitUntilExit()
  func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }
  return Ending(
    status: process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus,
    output: try text(output), errors: try text(errors))
}

/// A folder that is gone after the test.
public final class Scratch: Sendable {
  public let path = NSTemporaryDirectory() + "overtone-\(UUID().uuidString)"
  public init() { try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  public func write(_ text: String, _ name: String) throws {
    let url = URL(fileURLWithPath: "\(path)/\(name)")
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  /// Names of everything inside, in order.
  public var content: [String] { ((try? FileManager.default.subpathsOfDirectory(atPath: path)) ?? []).sorted() }
}

/// The quickstart with a few steps of everything.
public let quickstart = "\(projectFolder)/Experiments/quickstart.yaml"
/// Overrides that make a run of the quickstart take seconds.
public let tiny = [
  "dataset.count=32", "tokenizer.training.steps=3", "tokenizer.training.batch=4", "training.steps=10",
  "training.batch=4", "backbone.width=32", "backbone.depth=2", "loss.width=32", "loss.depth=1", "loss.steps=4",
  "sampling.per-class=2", "evaluation.count=8", "tokenizer.width=8",
]
