import Glibc

/// An error of a file: one sentence with its path.
public enum StorageError: Error, CustomStringConvertible, Sendable, Equatable {
  /// There is no file of this name.
  case missing(path: String)
  /// The file is of another format or kind, empty, damaged or cut short.
  case unreadable(path: String, why: String)
  /// The file has no data set of this name; `near` is a sibling with nearly the same name.
  case noDataset(path: String, name: String, near: String?)
  /// A data set of another element type than is read.
  case wrongKind(path: String, name: String, found: String, wanted: String)
  /// A data set of another shape than is read.
  case wrongShape(path: String, name: String, found: [Int], wanted: [Int])
  /// The file cannot be created, or writing it failed; nothing is left under its name.
  case unwritable(path: String, why: String)

  /// One sentence that begins with the path.
  public var description: String {
    switch self {
    case .missing(let path): "\(path): there is no such file."
    case .unreadable(let path, let why): "\(path): \(why)"
    case .noDataset(let path, let name, let near):
      "\(path): there is no data set '\(name)'." + (near.map { " Did you mean '\($0)'?" } ?? "")
    case .wrongKind(let path, let name, let found, let wanted): "\(path): '\(name)' holds \(found), not \(wanted)."
    case .wrongShape(let path, let name, let found, let wanted): "\(path): '\(name)' has shape \(found), not \(wanted)."
    case .unwritable(let path, let why): "\(path): it cannot be written: \(why)"
    }
  }
}
