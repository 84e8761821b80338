import Tensors

/// Which rows: all, one range for the whole batch, or a list per sample, each as long as the others.
public enum Selection: Equatable, Sendable {
  case all
  case range(Range<Int>)
  case perSample(Indices)

  /// The rows of one sample, of `count` there are.
  public func indices(in count: Int, sample: Int) -> [Int] {
    switch self {
    case .all: Array(0..<count)
    case .range(let range): Array(range)
    case .perSample(let lists): lists[sample]
    }
  }

  /// The rows of every sample.
  public func indices(in count: Int, batch: Int) -> Indices {
    if case .perSample(let lists) = self { return lists }
    return Array(repeating: indices(in: count, sample: 0), count: batch)
  }

  /// How many rows of each sample.
  public func count(in total: Int) -> Int {
    switch self {
    case .all: total
    case .range(let range): range.count
    case .perSample(let lists): lists.first?.count ?? 0
    }
  }
}
