import Tensors

/// Rows of each sample: all, one range for the whole batch, or a list per sample. The lists are of one length, but for
/// the shown positions of directions that are not `showsEqually`.
public enum Selection: Equatable, Sendable {
  /// All rows.
  case all
  /// A range of rows, for every sample.
  case range(Range<Int>)
  /// [batch][selected]
  case perSample(Indices)

  /// The selected rows of one sample of `count` rows.
  public func indices(in count: Int, sample: Int) -> [Int] {
    switch self {
    case .all: Array(0..<count)
    case .range(let range): Array(range)
    case .perSample(let lists): lists[sample]
    }
  }

  /// The selected rows of every sample of `count` rows: [batch][selected].
  public func indices(in count: Int, batch: Int) -> Indices {
    if case .perSample(let lists) = self { return lists }
    return Array(repeating: indices(in: count, sample: 0), count: batch)
  }

  /// The number of selected rows of each sample of `total` rows; of the first, where they differ.
  public func count(in total: Int) -> Int {
    switch self {
    case .all: total
    case .range(let range): range.count
    case .perSample(let lists): lists.first?.count ?? 0
    }
  }
}
