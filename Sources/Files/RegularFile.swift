import Glibc

/// A regular file open for reading. Folders, pipes, sockets and devices are refused, since a read of them may never
/// end.
public struct RegularFile: ~Copyable, Sendable {
  private let descriptor: Int32
  private let path: String
  /// The size in bytes at the time of opening.
  public let size: Int

  /// Opens a file. Does not wait: opening a pipe without a writer blocks otherwise.
  public init(_ path: String) throws(FileError) {
    self.path = path
    descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard descriptor >= 0 else {
      size = 0
      throw .reading(path)
    }
    var status = stat()
    size = fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    switch status.st_mode & S_IFMT {
    case S_IFREG: return
    case S_IFDIR: throw FileError(path, .notRegular("a folder"))
    case S_IFIFO: throw FileError(path, .notRegular("a pipe"))
    case S_IFSOCK: throw FileError(path, .notRegular("a socket"))
    default: throw FileError(path, .notRegular("a device"))
    }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Calls `body` with the content, in order, a part of at most 1 MiB at a time; a failing disk throws.
  public func forEachPart(_ body: (UnsafeRawBufferPointer) -> Void) throws(FileError) {
    let part = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { part.deallocate() }
    while true {
      let count = try read(into: part)
      if count == 0 { return }
      body(UnsafeRawBufferPointer(rebasing: part[..<count]))
    }
  }

  /// Reads the bytes that follow those read so far; returns their number, 0 at the end of the file.
  func read(into part: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
    while true {
      let count = Glibc.read(descriptor, part.baseAddress, part.count)
      if count >= 0 { return count }
      guard errno == EINTR else { throw .reading(path) }
    }
  }

  /// Returns `count` bytes from `offset` on, which lie within `size`; throws where the file has become shorter.
  func bytes(at offset: Int, count: Int) throws(FileError) -> [UInt8] {
    var failure: FileError?
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let length = pread(descriptor, buffer.baseAddress.map { $0 + filled }, count - filled, offset + filled)
        if length < 0, errno == EINTR { continue }
        guard length > 0 else {
          failure = length < 0 ? .reading(path) : FileError(path, .cutShort)
          return
        }
        filled += length
      }
    }
    if let failure { throw failure }
    return bytes
  }

  /// Returns the content of the file at `path`; throws where it has more than `limit` bytes.
  public static func bytes(_ path: String, limit: Int = .max) throws(FileError) -> [UInt8] {
    let file = try RegularFile(path)
    guard file.size <= limit else { throw FileError(path, .tooLarge(bytes: file.size, limit: limit)) }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(file.size)
    try file.forEachPart { bytes += $0 }
    return bytes
  }
}
