import Tensors

/// What one token is: a vector of `width` numbers and, when `vocabulary` is set, also one of that many codes.
public struct TokenSpace: Equatable, Sendable {
  public var width: Int
  public var vocabulary: Int?

  public init(width: Int, vocabulary: Int? = nil) {
    self.width = width
    self.vocabulary = vocabulary
  }
}

/// Tokens laid out in rows. `values` is always there; `codes` only in a finite vocabulary.
public struct Tokens: Sendable {
  /// [batch, rows, width]
  public var values: Tensor
  /// [batch][rows]
  public var codes: Indices?

  public init(values: Tensor, codes: Indices? = nil) {
    self.values = values
    self.codes = codes
  }

  /// Rows of zeros: nothing is known yet.
  public static func zeros(_ batch: Int, _ rows: Int, _ space: TokenSpace) -> Tokens {
    Tokens(
      values: Tensor(zeros: [batch, rows, space.width]),
      codes: space.vocabulary.map { _ in Array(repeating: Array(repeating: 0, count: rows), count: batch) })
  }

  public var batch: Int { values.shape[0] }
  public var count: Int { values.shape[1] }

  /// Some rows of each sample, in the order that the selection names them.
  public subscript(rows: Selection) -> Tokens {
    get {
      if case .all = rows { return self }
      let picks = rows.indices(in: count, batch: batch)
      return Tokens(
        values: values.gathered(picks),
        codes: codes.map { codes in zip(codes, picks).map { row, picks in picks.map { row[$0] } } })
    }
    set {
      let picks = rows.indices(in: count, batch: batch)
      values = newValue.values.scattered(picks, over: values)
      guard let new = newValue.codes else { return }
      var old = codes ?? Array(repeating: Array(repeating: 0, count: count), count: batch)
      for sample in 0..<batch { for (i, row) in picks[sample].enumerated() { old[sample][row] = new[sample][i] } }
      codes = old
    }
  }
}
