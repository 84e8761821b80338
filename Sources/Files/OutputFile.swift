import Glibc

/// A file open for writing by unbuffered calls of the system: what a call reports is the outcome of that write, and
/// closing reports what network file systems and quotas refuse only then.
public final class OutputFile {
  /// The path that errors name.
  private let path: String
  private var descriptor: Int32

  /// The treatment of what is in the file already.
  public enum Mode: Sendable {
    /// The file becomes empty.
    case replacing
    /// Bytes are added at the end.
    case appending
  }

  /// Opens a file, which is created where there is none; errors name `path`, or `final` where the name is temporary.
  public init(_ path: String, _ mode: Mode, final: String? = nil) throws(FileError) {
    self.path = final ?? path
    descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | (mode == .replacing ? O_TRUNC : O_APPEND), 0o644)
    guard descriptor >= 0 else { throw .writing(self.path) }
  }

  deinit { if descriptor >= 0 { _ = Glibc.close(descriptor) } }

  /// Writes all bytes; a signal or a short write only means another call.
  public func write(_ bytes: some Collection<UInt8>) throws(FileError) {
    let isContiguous: Bool? = bytes.withContiguousStorageIfAvailable { write(all: UnsafeRawBufferPointer($0)) }
    guard isContiguous ?? Array(bytes).withUnsafeBytes({ write(all: $0) }) else { throw .writing(path) }
  }

  /// Returns false, with `errno`, where a call fails.
  private func write(all bytes: UnsafeRawBufferPointer) -> Bool {
    var done = 0
    while done < bytes.count {
      let count = Glibc.write(descriptor, bytes.baseAddress! + done, bytes.count - done)
      if count < 0 && errno == EINTR { continue }
      // A write of no byte would be repeated for ever.
      if count == 0 { errno = ENOSPC }
      guard count > 0 else { return false }
      done += count
    }
    return true
  }

  /// The size in bytes.
  public var size: Int {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
  }

  /// The last byte; nil where the file is empty or cannot be read.
  public var lastByte: UInt8? {
    var byte: UInt8 = 0
    let size = size
    return size > 0 && pread(descriptor, &byte, 1, size - 1) == 1 ? byte : nil
  }

  /// Shortens the file to `size` bytes, where the system lets it: what a failed write left behind.
  public func cut(to size: Int) { _ = ftruncate(descriptor, size) }

  /// Waits until the content is on the disk.
  public func synchronise() throws(FileError) {
    // A file system may not know the call (EINVAL, ENOTSUP); there is nothing to wait for then.
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else { throw .writing(path) }
  }

  /// Closes the file.
  public func close() throws(FileError) {
    let open = descriptor
    descriptor = -1
    // Linux has closed the file when the call was interrupted.
    guard open < 0 || Glibc.close(open) == 0 || errno == EINTR else { throw .writing(path) }
  }
}
