import Tensors

/// The space of one token: vectors of `width` numbers and, where `vocabulary` is set, codes 0 ..< vocabulary for them.
public struct TokenSpace: Equatable, Sendable {
  /// Numbers of a token.
  public var width: Int
  /// The number of codes; nil for a continuous space.
  public var vocabulary: Int?

  /// A continuous space unless a vocabulary is given.
  public init(width: Int, vocabulary: Int? = nil) {
    self.width = width
    self.vocabulary = vocabulary
  }
}

/// Tokens of a batch in rows: always as vectors, and as codes where the vocabulary is finite.
public struct Tokens: Sendable {
  /// Vectors, [batch, rows, width].
  public var values: Tensor
  /// Codes, [batch][rows]; nil in a continuous space.
  public var codes: Indices?

  /// Tokens of a continuous space unless codes are given.
  public init(values: Tensor, codes: Indices? = nil) {
    self.values = values
    self.codes = codes
  }

  /// Vectors and codes of zero: the canvas before a generation.
  public static func zeros(_ batch: Int, _ rows: Int, _ space: TokenSpace) -> Tokens {
    Tokens(
      values: Tensor(zeros: [batch, rows, space.width]),
      codes: space.vocabulary.map { _ in Array(repeating: Array(repeating: 0, count: rows), count: batch) })
  }

  /// The number of samples.
  public var batch: Int { values.shape[0] }
  /// The number of rows of each sample.
  public var count: Int { values.shape[1] }

  /// The selected rows of each sample, in the order of the selection. Cost: a copy of all rows on writing.
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
