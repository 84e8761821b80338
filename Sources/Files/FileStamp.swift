import Glibc

/// Facts about a file that change when its content does: as long as they are equal, the content need not be read again.
struct FileStamp: Equatable {
  /// Bytes.
  var size: Int
  /// Nanoseconds since 1970 of the last change of the content, which programs can set.
  var modified: Int
  /// Nanoseconds since 1970 of the last change of content, name or attributes, which no program can set.
  var changed: Int
  /// The number of the file in its file system; a file that was replaced has another.
  var inode: UInt

  /// The stamp of a file now; nil where there is none, or something that is no regular file.
  init?(of path: String) {
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
    size = Int(status.st_size)
    modified = Self.nanoseconds(status.st_mtim)
    changed = Self.nanoseconds(status.st_ctim)
    inode = UInt(status.st_ino)
  }

  /// A stamp with all of its fields.
  init(size: Int, modified: Int, changed: Int, inode: UInt) {
    (self.size, self.modified, self.changed, self.inode) = (size, modified, changed, inode)
  }

  /// Returns true where a change after `instant` is certain to show in the stamp.
  ///
  /// Times of files advance in ticks: up to 10 ms under Linux, a second or two in older file systems. A file that was
  /// changed within the tick in which it was read may change again and keep its times, as the index of git has it
  /// ("racy git").
  func isSettled(at instant: Int) -> Bool { max(modified, changed) < instant - 2_000_000_000 }

  /// Nanoseconds since 1970, now.
  static var now: Int {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return nanoseconds(time)
  }

  /// Times before 1677 and after 2262 wrap: they differ all the same.
  private static func nanoseconds(_ time: timespec) -> Int { Int(time.tv_sec) &* 1_000_000_000 &+ Int(time.tv_nsec) }
}
