import Files
import Foundation
import Storage
import Synchronization

/// Reading of HDF5 files that may be damaged: HDF5 1.10 crashes on some, and never ends on others, so that a process
/// with limits on memory and time reads them, which runs this same program.
package enum GuardedReading {
  /// The argument with which the command line of such a process begins.
  package static let argument = "--guarded"
  /// The hidden command that reads a file through and prints its verification.
  package static let command = "read-through"
  /// True once the program has begun: only then does it understand the argument.
  private static let isProgram = Atomic<Bool>(false)
  /// Paths of the files that this process may open.
  private static let passed = Mutex<Set<String>>([])

  /// True in a process with limits.
  package static var isInside: Bool { CommandLine.arguments.dropFirst().first == argument }

  /// Begins the program: files are read through by another process before this one opens them for the first time,
  /// unless this machine wrote them or has read them through.
  package static func begin() {
    isProgram.store(true, ordering: .relaxed)
    guard !isInside else { return }
    OpeningCheck.set { path throws(StorageError) in
      guard !passed.withLock({ $0.contains(path) }) else { return }
      if !FileManifest.ofUser.isTrusted(path) {
        do { _ = try verification(of: path) } catch let error as Crash { throw error.storageError } catch {
          // What ends in a sentence there ends in the same sentence here.
        }
      }
      passed.withLock { _ = $0.insert(path) }
    }
  }

  /// Runs the command line again in a process with limits, or `body` where this is that process or none is necessary.
  /// Returns once the command has ended well. Throws a `Failure` where it printed an error, a `Crash` where it died,
  /// after temporary files of `output` are removed.
  package static func run(_ path: String, output: String? = nil, _ body: () throws -> Void) throws {
    guard isNecessary(for: path) else { return try body() }
    let outcome = try start(Array(CommandLine.arguments.dropFirst()), path, takesAllMemory: output != nil)
    if let output, outcome.ending != .exit(0) { removeTemporaries(of: outcome.identifier, at: output) }
    guard case .exit(let status) = outcome.ending else { throw try Crash(outcome.ending, path) }
    // The shell's status for a program that cannot be started.
    guard status != 126, status != 127 else { return try body() }
    FileHandle.standardError.write(Data(outcome.errors))
    if status != 0 { throw Failure(status: status) }
  }

  /// Returns the verification of a file; another process reads it unless none is necessary. Throws a `StorageError`
  /// where it cannot be opened, a `Crash` where reading it crashes.
  package static func verification(of path: String) throws -> Verification {
    guard isNecessary(for: path) else { return try Verification(path) }
    let outcome = try start([command, path], path, takesAllMemory: false, collectsOutput: true)
    guard case .exit(let status) = outcome.ending else { throw try Crash(outcome.ending, path) }
    guard status == 0, let found = try? JSONDecoder().decode(Verification.self, from: Data(outcome.output)) else {
      let text = String(decoding: outcome.errors, as: UTF8.self).trimmingCharacters(in: .newlines)
      let prefix = "error: \(path): "
      // The other process could not begin; it says nothing about the file.
      guard text.hasPrefix(prefix) else { return try Verification(path) }
      throw StorageError.unreadable(path: path, why: String(text.dropFirst(prefix.count)))
    }
    if found.findings.isEmpty { _ = try? FileManifest.ofUser.record(path, as: .sound) }
    return found
  }

  /// False for what is no file, for files that are trusted, and where this process is the guarded one.
  private static func isNecessary(for path: String) -> Bool {
    guard isProgram.load(ordering: .relaxed), !isInside, let file = try? RegularFile(path), file.size > 0 else {
      return false
    }
    return !FileManifest.ofUser.isTrusted(path)
  }

  private static func start(
    _ arguments: [String], _ path: String, takesAllMemory: Bool, collectsOutput: Bool = false
  ) throws -> GuardedProcess.Outcome {
    let size = (try? RegularFile(path).size) ?? 0
    // Four times the file and 1 GiB: data sets are read in parts of 16 MiB, chunks are decompressed whole.
    let memory = takesAllMemory ? Extent.memory : min(Extent.memory, (1 << 30) + 4 * min(size, 1 << 50))
    // A signal ends the other process first, and then this one.
    let hold = Interruption.Hold()
    hold.begin()
    defer {
      hold.end()
      Interruption.leaveIfFree()
    }
    // The link of this process leads to its program even after that was built anew.
    return try GuardedProcess.run(
      "/proc/\(getpid())/exe", [argument] + arguments,
      limits: .init(memory: memory, seconds: seconds(of: size), clock: 60 + 4 * seconds(of: size)),
      collectsOutput: collectsOutput
    ) { Interruption.isRequested }
  }

  /// The processor's seconds for a file of some bytes: 2, and one for each 10 MB.
  private static func seconds(of size: Int) -> Int { 2 + size / 10_000_000 }

  /// Removes what a process that died was about to write.
  private static func removeTemporaries(of identifier: Int32, at output: String) {
    let suffix = ".tmp.\(identifier)", manager = FileManager.default
    try? manager.removeItem(atPath: output + suffix)
    for name in (try? manager.subpathsOfDirectory(atPath: output)) ?? [] where name.hasSuffix(suffix) {
      try? manager.removeItem(atPath: "\(output)/\(name)")
    }
  }

  /// The end of a guarded command that has printed its error: this program ends with its status.
  package struct Failure: Error {
    /// The exit status.
    package let status: Int32
  }

  /// A file that HDF5 cannot read to an end: one sentence that begins with its path.
  package struct Crash: Error, CustomStringConvertible {
    let path: String
    let reason: String

    /// The sentence.
    package var description: String { "\(path): \(reason)" }

    var storageError: StorageError { .unreadable(path: path, why: reason) }

    /// Throws `Stopped` where the user stopped the reading.
    fileprivate init(_ ending: GuardedProcess.Ending, _ path: String) throws {
      self.path = path
      switch ending {
      case .stopped, .signal(SIGINT), .signal(SIGTERM): throw Stopped("stopped while reading \(path)")
      case .outOfTime:
        let size = (try? RegularFile(path).size) ?? 0
        reason = "this HDF5 file is damaged: reading it takes longer than \(GuardedReading.seconds(of: size)) s."
      case .signal(let signal):
        reason = "this HDF5 file is damaged: reading it ends the HDF5 library (signal \(signal))."
      case .exit(let status): reason = "reading it ends with status \(status)."
      }
    }
  }
}
