import Glibc

/// Replaces a file atomically: writes a temporary file beside `path`, flushes it to the disk and renames it.
///
/// Throws with the reason of the system; `path` is then what it was, and the temporary file is gone.
public func writeWhole(_ bytes: some Collection<UInt8>, to path: String) throws(FileError) {
  let temporary = TemporaryName.of(path)
  do throws(FileError) {
    let file = try OutputFile(temporary, .replacing, final: path)
    try file.write(bytes)
    try file.synchronise()
    try file.close()
    guard rename(temporary, path) == 0 else { throw .writing(path) }
  } catch {
    unlink(temporary)
    throw error
  }
}

/// Names of files that are being written: the final name, ".tmp." and the number of the process.
public enum TemporaryName {
  /// The temporary name of a file in this process.
  public static func of(_ path: String) -> String { "\(path).tmp.\(getpid())" }

  /// Returns the number of the process that a temporary name belongs to; nil for other names.
  static func process(of name: String) -> Int32? {
    let parts = name.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count > 2, parts[parts.count - 2] == "tmp", let last = parts.last, last.allSatisfy(\.isNumber) else {
      return nil
    }
    return Int32(last)
  }

  /// Returns true for the temporary name of a process that has ended, or of this one, whose number an ended process
  /// may have had: ask before this process writes. Only one who holds the lock of the folder may remove such files,
  /// since a process of another computer looks as if it had ended.
  public static func isAbandoned(_ name: String) -> Bool {
    guard let process = process(of: name) else { return false }
    return process == getpid() || (kill(process, 0) != 0 && errno == ESRCH)
  }
}
