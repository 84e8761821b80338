import Foundation

/// The right to work in a folder. It ends with the process that holds it, however that ends.
struct Lock {
  private let descriptor: Int32

  /// Nil when another process holds it, or the folder cannot be made (which the work itself will tell).
  init?(_ folder: String, waiting: Bool = false) {
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    descriptor = open("\(folder)/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { return nil }
    guard flock(descriptor, waiting ? LOCK_EX : LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      return nil
    }
  }

  func release() { close(descriptor) }

  /// Whether a process holds the lock of a folder now.
  static func isHeld(_ folder: String) -> Bool {
    let descriptor = open("\(folder)/.lock", O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_EX | LOCK_NB) != 0
  }
}
