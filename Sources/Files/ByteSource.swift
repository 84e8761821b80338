/// Bytes that are read at offsets: those of a regular file, or an array's. A read beyond the end throws.
///
/// A file is read, not mapped into memory: one that another program cuts short meanwhile is an error, not a signal.
public struct ByteSource: Sendable {
  private enum Content: Sendable {
    case file(OpenFile)
    case array([UInt8])
  }
  /// Keeps one descriptor open for all copies of a source.
  private final class OpenFile: Sendable {
    let file: RegularFile
    init(_ path: String) throws(FileError) { file = try RegularFile(path) }
  }
  private let content: Content

  /// The path of the file, or the name of the array, with which errors begin.
  public let name: String
  /// The number of bytes; of a file, when it was opened.
  public let count: Int

  /// Opens a regular file; throws for a folder, a pipe, a device, or what is not there.
  public init(file path: String) throws(FileError) {
    let open = try OpenFile(path)
    (content, name, count) = (.file(open), path, open.file.size)
  }

  /// Bytes in memory.
  public init(_ bytes: [UInt8], named name: String) { (content, self.name, count) = (.array(bytes), name, bytes.count) }

  /// The error of a read beyond the end.
  public var cutShort: FileError { FileError(name, .cutShort) }

  /// Returns `length` bytes from `offset` on. Memory is taken only for bytes that are there.
  public func bytes(at offset: Int, count length: Int) throws(FileError) -> [UInt8] {
    guard offset >= 0, length >= 0, offset <= count, length <= count - offset else { throw cutShort }
    switch content {
    case .file(let open): return try open.file.bytes(at: offset, count: length)
    case .array(let bytes): return Array(bytes[offset..<offset + length])
    }
  }
}
