import Glibc

/// A reader of bytes that a stranger may have written, for fuzzing and for the corpus of past failures.
public struct FuzzTarget: Sendable {
  /// The name, which is that of its folder in the corpus.
  public let name: String
  /// Sound files of the repository to begin with: folders from its root, each with a suffix of names.
  public let seeds: [(folder: String, suffix: String)]
  /// Words that the format is made of.
  public let words: [String]
  /// True where a library below may end the process, so that every input needs a process to itself.
  public let needsProcess: Bool
  /// Reads bytes to the end; refusals are sound, a trap is not.
  public let read: @Sendable ([UInt8]) -> Void

  init(
    _ name: String, seeds: [(String, String)] = [], words: [String] = [], needsProcess: Bool = false,
    _ read: @escaping @Sendable ([UInt8]) throws -> Void
  ) {
    self.name = name
    self.seeds = seeds.map { (folder: $0.0, suffix: $0.1) }
    self.words = words
    self.needsProcess = needsProcess
    self.read = { try? read($0) }
  }

  /// Every reader.
  public static let all: [FuzzTarget] = settings + weights + images + storage

  /// The beginning of the names of files in memory. A child process that is ended leaves its file; it has the name of
  /// its parent's, so that the next one replaces it.
  private static let prefix = "\(access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp")/overtone-fuzz-\(getpid())-"

  /// Names files after this process, before it has children; returns the beginning of their names.
  @discardableResult public static func nameFiles() -> String { prefix }

  /// Calls `body` with the path of a file in memory that holds `bytes`.
  static func withFile(_ bytes: [UInt8], _ suffix: String, _ body: (String) throws -> Void) rethrows {
    // The tests run beside each other: a file for each thread.
    let path = "\(prefix)\(pthread_self())\(suffix)"
    defer { unlink(path) }
    guard let file = fopen(path, "w") else { return }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
    try body(path)
  }
}
