/// What can be wrong with a file of weights that another program wrote: one sentence with its path.
public enum WeightsError: Error, CustomStringConvertible, Sendable, Equatable {
  case missing(path: String)
  case unreadable(path: String, why: String)
  case noGroup(path: String, name: String, there: [String])

  public var description: String {
    switch self {
    case .missing(let path): "\(path): there is no such file."
    case .unreadable(let path, let why): "\(path): \(why)"
    case .noGroup(let path, let name, let there):
      "\(path): there is no group of tensors '\(name)'; there are \(there.joined(separator: ", "))."
    }
  }
}
