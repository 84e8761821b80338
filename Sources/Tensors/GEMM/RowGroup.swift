import COpenBLAS

/// Rows of A that are multiplied at once by packed weights, transposed so that the elements of a step along k are
/// neighbours.
struct RowGroup {
  /// The first row and the number of rows.
  let first: Int, count: Int
  /// The offset of its transposed rows: a vector after those of the group before, since the transposition writes whole
  /// vectors.
  let offset: Int
  /// Rows of the accumulator block that holds them.
  let height: Int

  /// Groups of the most rows that fit into registers, and one of the least block that holds the rest.
  ///
  /// `pair` is 2 where two registers of columns are computed at once.
  static func covering(_ rows: Int, pair: Int, k: Int) -> [RowGroup] {
    let heights = vectorsPerTile == 1 ? [6, 4] : pair == 2 ? [12, 8, 4] : [16, 8, 4]
    var groups: [RowGroup] = [], first = 0
    while first < rows {
      let height = heights.last { $0 >= rows - first } ?? heights[0]
      groups.append(
        RowGroup(
          first: first, count: Swift.min(height, rows - first), offset: first * k + vectorWidth * groups.count,
          height: height))
      first += height
    }
    return groups
  }

  /// Writes its rows, which begin at `source`, as [k, height] at its offset; rows beyond the count are zero or any.
  ///
  /// `following` rows can be read from `source` on: with sixteen the transposition runs in registers.
  func transpose(
    _ source: UnsafePointer<Float>, following: Int, k: Int, into target: UnsafeMutablePointer<Float>
  ) {
    let target = target + offset
    var done = 0
    if following >= vectorWidth {
      done = k / vectorWidth * vectorWidth
      // Sixteen rows at once: those beyond the height are overwritten by the next column, or lie in the free vector.
      for column in stride(from: 0, to: done, by: vectorWidth) {
        overtone_transpose(source + column, k, target + height * column, height)
      }
    }
    for column in done..<k {
      for row in 0..<height { target[column &* height &+ row] = row < count ? source[row &* k &+ column] : 0 }
    }
  }

  /// C [height, 16 vectors] = its transposed rows times packed weights [vectors][k, 16].
  @inline(__always)
  func multiply(
    _ transposed: UnsafePointer<Float>, _ packed: UnsafePointer<Float>, vectors: Int, k: Int,
    into c: UnsafeMutablePointer<Float>
  ) {
    let a = transposed + offset, stride = vectorWidth * k
    @inline(__always) func by<Block: AccumulatorBlock>(_ block: Block.Type) {
      Tensors.multiply(a, packed, stride: stride, k: k, into: c, block)
    }
    switch (height, vectors) {
    case (4, 2): by(FourRows<TwoVectors>.self)
    case (8, 2): by(EightRows<TwoVectors>.self)
    case (_, 2): by(TwelveRows<TwoVectors>.self)
    case (4, _): by(FourRows<OneVector>.self)
    case (6, _): by(SixRows<OneVector>.self)
    case (8, _): by(EightRows<OneVector>.self)
    case (12, _): by(TwelveRows<OneVector>.self)
    default: by(SixteenRows<OneVector>.self)
    }
  }
}
