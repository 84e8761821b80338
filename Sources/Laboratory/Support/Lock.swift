import Foundation

/// The exclusive right to work in a folder, held by a lock on its file `.lock`. It ends with the process, however that
/// ends.
struct Lock {
  /// The open file `.lock`.
  private let descriptor: Int32

  /// Nil where another process holds the lock, or where the folder cannot be made (which the work itself reports).
  init?(_ folder: String) {
    guard let descriptor = Self.opened(folder) else { return nil }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      return nil
    }
    self.descriptor = descriptor
  }

  /// Waits until no other process holds the lock; throws `Stopped` after a requested stop.
  static func waiting(for folder: String) throws -> Lock? {
    guard let descriptor = opened(folder) else { return nil }
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else {
        close(descriptor)
        return nil
      }
      if Interruption.isRequested {
        close(descriptor)
        throw Stopped("stopped while another process works in \(folder)")
      }
      usleep(50_000)
    }
    return Lock(descriptor: descriptor)
  }

  private init(descriptor: Int32) { self.descriptor = descriptor }

  /// Opens the lock file, creating the folder; nil where that is impossible.
  private static func opened(_ folder: String) -> Int32? {
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let descriptor = open("\(folder)/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    return descriptor >= 0 ? descriptor : nil
  }

  /// Gives up the lock.
  func release() { close(descriptor) }

  /// Returns true where a process holds the lock of a folder now.
  static func isHeld(_ folder: String) -> Bool {
    let descriptor = open("\(folder)/.lock", O_RDWR | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_EX | LOCK_NB) != 0
  }
}
