import Glibc

/// A file that cannot be read or written: one sentence that begins with its path.
public struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// The reasons.
  public enum Reason: Sendable, Equatable, CustomStringConvertible {
    /// There is no file at the path.
    case missing
    /// The path is that of something else, named with its article: "a folder", "a pipe", "a device".
    case notRegular(String)
    /// The file has more bytes than its reader accepts.
    case tooLarge(bytes: Int, limit: Int)
    /// The file ends before its contents do.
    case cutShort
    /// The contents are not as their format says; the text is a sentence: "its zip directory is damaged.".
    case damaged(String)
    /// A call of the system failed while reading; the text is the system's.
    case unreadable(String)
    /// A call of the system failed while writing; the text is the system's.
    case unwritable(String)

    /// The sentence without the path: "there is no such file."
    public var description: String {
      switch self {
      case .missing: "there is no such file."
      case .notRegular(let kind): "this is \(kind), not a file."
      case .tooLarge(let bytes, let limit): "the file has \(bytes) bytes, and at most \(limit) are read."
      case .cutShort: "the file ends before its contents do: it is cut short (an interrupted copy?)."
      case .damaged(let sentence): sentence
      case .unreadable(let reason): "it cannot be read: \(reason)."
      case .unwritable(let reason): "it cannot be written: \(reason)."
      }
    }
  }

  /// The path, as the caller named it.
  public let path: String
  /// The reason.
  public let reason: Reason

  /// An error of a file.
  public init(_ path: String, _ reason: Reason) {
    self.path = path
    self.reason = reason
  }

  /// The error of the system's last failed call, which was to read a file.
  static func reading(_ path: String) -> FileError {
    errno == ENOENT ? FileError(path, .missing) : FileError(path, .unreadable(String(cString: strerror(errno))))
  }

  /// The error of the system's last failed call, which was to write a file.
  static func writing(_ path: String) -> FileError { FileError(path, .unwritable(String(cString: strerror(errno)))) }

  /// The reason that the system gave, as a sentence: "No space left on device.". For all else the whole reason.
  public var cause: String {
    switch reason {
    case .unreadable(let cause), .unwritable(let cause): "\(cause)."
    default: "\(reason)"
    }
  }

  /// One sentence.
  public var description: String { "\(path): \(reason)" }
}
