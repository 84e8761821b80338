import Glibc

/// An error of a file: one sentence with its path.
public enum StorageError: Error, CustomStringConvertible, Sendable, Equatable {
  case missing(path: String)
  case unreadable(path: String, why: String)
  case noDataset(path: String, name: String, near: String?)
  case wrongKind(path: String, name: String, found: String, wanted: String)
  case wrongShape(path: String, name: String, found: [Int], wanted: [Int])
  case unwritable(path: String, why: String)

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
