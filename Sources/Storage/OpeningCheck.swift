import Synchronization

/// The check that a file passes before HDF5 opens it in this process: HDF5 crashes on some damaged files.
///
/// A program sets it once, when it begins; libraries and tests open files without it.
public enum OpeningCheck {
  /// A function that a lock holds: inside a structure, since a lock of a function wraps it anew at every access.
  private struct Check {
    let function: @Sendable (String) throws(StorageError) -> Void
  }

  private static let check = Mutex<Check?>(nil)
  /// Paths of files that this process wrote.
  private static let written = Mutex<Set<String>>([])

  /// Sets the check, which throws for a file that must not be opened.
  public static func set(_ check: @escaping @Sendable (String) throws(StorageError) -> Void) {
    Self.check.withLock { $0 = Check(function: check) }
  }

  /// Runs the check, if there is one, unless this process wrote the file.
  package static func pass(_ path: String) throws(StorageError) {
    guard let check = check.withLock({ $0 }), !written.withLock({ $0.contains(path) }) else { return }
    try check.function(path)
  }

  /// Notes that this process has written a file.
  static func note(written path: String) { written.withLock { _ = $0.insert(path) } }
}
