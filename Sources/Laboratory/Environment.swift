import Foundation
import Tensors

/// What a run was run on, for those who repeat it.
enum Environment {
  static let version = "0.1.0"

  static var processor: String {
    let info = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    let line = info.split(separator: "\n").first { $0.hasPrefix("model name") }
    return line?.split(separator: ":").last.map { $0.trimmingCharacters(in: .whitespaces) } ?? "unknown"
  }

  /// Bytes free on the disk that a path lies on, or will lie on once its folders are made.
  static func freeBytes(at path: String) -> Int? {
    var path = URL(fileURLWithPath: path).standardizedFileURL
    while !FileManager.default.fileExists(atPath: path.path), path.path != "/" { path.deleteLastPathComponent() }
    return (try? FileManager.default.attributesOfFileSystem(forPath: path.path)[.systemFreeSize] as? NSNumber)?.intValue
  }

  /// What was typed, fit to be typed again.
  static var command: String {
    CommandLine.arguments.map(quoted).joined(separator: " ")
  }

  /// One word of a command line.
  static func quoted(_ word: String) -> String {
    let isPlain = !word.isEmpty && word.allSatisfy { $0.isLetter || $0.isNumber || "-_./=,:+@%".contains($0) }
    return isPlain
      ? word : "'" + word.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
  }

  static var json: String {
    let blas = BLAS.loaded
    let facts: [(String, String)] = [
      ("overtone", version), ("processor", processor), ("threads", "\(ThreadPool.shared.threads)"),
      ("blas", blas.library), ("blas-kernel", blas.kernel ?? "unknown"), ("git-commit", git(["rev-parse", "HEAD"])),
      ("git-changed-files", "\(git(["status", "--porcelain"]).split(separator: "\n").count)"),
      ("command", command),
    ]
    return JSON.object(facts.map { ($0.0, .text($0.1)) }).lines + "\n"
  }

  /// What git says here; empty outside a repository or without git.
  private static func git(_ arguments: [String]) -> String {
    let process = Process(), pipe = Pipe()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = ["git"] + arguments
    process.standardOutput = pipe
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return "" }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return process.terminationStatus == 0
      ? String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines) : ""
  }
}
