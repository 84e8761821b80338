import Files

/// An error in a file of weights of another program, described in one sentence that begins with its path.
public enum WeightsError: Error, CustomStringConvertible, Sendable, Equatable {
  /// There is no file at the path.
  case missing(path: String)
  /// The file cannot be read; `why` is a sentence.
  case unreadable(path: String, why: String)
  /// There is no group `name`; `there` are those that exist.
  case noGroup(path: String, name: String, there: [String])

  /// The error of a file.
  init(_ error: FileError) {
    self =
      error.reason == .missing
      ? .missing(path: error.path) : .unreadable(path: error.path, why: error.reason.description)
  }

  /// The sentence.
  public var description: String {
    switch self {
    case .missing(let path): "\(path): there is no such file."
    case .unreadable(let path, let why): "\(path): \(why)"
    case .noGroup(let path, let name, let there):
      "\(path): there is no group of tensors '\(name)'; there are \(there.joined(separator: ", "))."
    }
  }
}

extension ByteSource {
  /// Returns `count` bytes from `offset` on; throws beyond the end.
  func weights(at offset: Int, count: Int) throws(WeightsError) -> [UInt8] {
    do throws(FileError) { return try bytes(at: offset, count: count) } catch { throw WeightsError(error) }
  }
}
