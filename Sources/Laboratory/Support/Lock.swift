import Foundation

/// The exclusive right to work in a folder, held by a lock on its file `.lock`. It ends with the process, however that
/// ends: a file `.lock` that lies there means nothing.
///
/// A file system without locks grants it to everybody.
struct Lock {
  /// The open file `.lock`.
  private let descriptor: Int32

  /// Nil where another process holds the lock. Throws where the folder or its lock cannot be made.
  init?(_ folder: String) throws {
    let descriptor = try Self.opened(folder)
    // Reading the state of a run takes the lock for an instant; a run has it longer than a tenth of a second.
    for attempt in 0...5 {
      if attempt > 0 { usleep(20_000) }
      if try Self.isGranted(descriptor, folder) {
        self.descriptor = descriptor
        return
      }
    }
    close(descriptor)
    return nil
  }

  /// Waits until no other process holds the lock; throws `Stopped` after a requested stop.
  static func waiting(for folder: String) throws -> Lock {
    let descriptor = try opened(folder)
    while try !isGranted(descriptor, folder) {
      if Interruption.isRequested {
        close(descriptor)
        throw Stopped("stopped while another process works in \(folder)")
      }
      usleep(50_000)
    }
    return Lock(descriptor: descriptor)
  }

  private init(descriptor: Int32) { self.descriptor = descriptor }

  /// Opens the lock file, creating the folder.
  private static func opened(_ folder: String) throws -> Int32 {
    try Folder.make(folder)
    let descriptor = open("\(folder)/.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw LaboratoryError("\(folder)/.lock: it cannot be written: \(String(cString: strerror(errno))).")
    }
    return descriptor
  }

  /// Returns false where another process holds the lock. Closes the file where the call fails.
  private static func isGranted(_ descriptor: Int32, _ folder: String) throws -> Bool {
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      switch errno {
      case EINTR: continue
      case EWOULDBLOCK: return false
      // Network file systems without a lock service.
      case ENOLCK, ENOTSUP, ENOSYS, EINVAL: return true
      default:
        let reason = String(cString: strerror(errno))
        close(descriptor)
        throw LaboratoryError("\(folder)/.lock: it cannot be locked: \(reason).")
      }
    }
    return true
  }

  /// Gives up the lock.
  func release() { close(descriptor) }

  /// Returns true where a process holds the lock of a folder now, and where the file system cannot say.
  static func isHeld(_ folder: String) -> Bool {
    let descriptor = open("\(folder)/.lock", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0
  }
}
