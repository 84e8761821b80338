import Foundation

/// The right to work in a folder. It ends with the process that holds it, however that ends.
struct Lock {
  private let descriptor: Int32

  /// Nil when another process holds it, or the folder cannot be made (which the work itself will tell).
  init?(_ folder: String) {
    guard let descriptor = Self.opened(folder) else { return nil }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      close(descriptor)
      return nil
    }
    self.descriptor = descriptor
  }

  /// Waits until no other process holds it; throws `Stopped` when the program should stop before.
  static func waiting(for folder: String) throws -> Lock? {
    guard let descriptor = opened(folder) else { return nil }
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      guard errno == EWOULDBLOCK || errno == EINTR else {
        close(descriptor)
        return nil
      }
      if Interruption.isRequested {
        close(descriptor)
        throw Stopped(
          description: "stopped while another process works in \(folder); the same command goes on from there.")
      }
      usleep(50_000)
    }
    return Lock(descriptor: descriptor)
  }

  private init(descriptor: Int32) { self.descriptor = descriptor }

  private static func opened(_ folder: String) -> Int32? {
    try? FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    let descriptor = open("\(folder)/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    return descriptor >= 0 ? descriptor : nil
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
