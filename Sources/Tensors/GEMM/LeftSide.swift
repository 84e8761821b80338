import COpenBLAS

/// The left side of a product.
struct LeftSide {
  let matrix: Matrix
  /// Makes its numbers, where they are not read.
  let fill: ProductWay.Fill?
  /// Where the sums of its rows are added.
  let sums: UnsafeMutablePointer<Float>?

  /// Whether its rows are copied or made, piece by piece, before they are multiplied.
  var isCopied: Bool { matrix.transposed || fill != nil }

  /// Room for a copy: a vector more for each tile, or all would fall on the same few lines of the cache.
  static func copiedCount(tiles: Int, steps: Int) -> Int { tiles * (GEMMBlocking.mr * (steps + 16) + 16) }

  /// Where the rows of tiles are read from, copied or made if need be; with `isSummed` their sums are added.
  func lines(
    _ rows: Range<Int>, steps: Range<Int>, isSummed: Bool, copying copied: UnsafeMutablePointer<Float>
  ) -> TileLines {
    if matrix.transposed {
      let lines = TileLines(first: copied, across: 1, step: GEMMBlocking.mr, next: GEMMBlocking.mr * steps.count + 16)
      let sums = isSummed ? sums.map { $0 + rows.lowerBound } : nil
      copyDown(matrix, rows: rows, columns: steps, lines.next, sums: sums, into: copied)
      return lines
    }
    guard let fill else {
      let first = matrix.pointer + (rows.lowerBound * matrix.stride + steps.lowerBound)
      return TileLines(first: first, across: matrix.stride, step: 1, next: GEMMBlocking.mr * matrix.stride, isFar: true)
    }
    let width = (steps.count + 15) / 16 * 16
    for row in rows { fill(row, steps.lowerBound, steps.count, copied + (row - rows.lowerBound) * width) }
    return TileLines(first: copied, across: width, step: 1, next: GEMMBlocking.mr * width)
  }
}

/// Some rows of a matrix that is read down its columns, tile after tile, `next` apart: [tile][column][six rows]. What
/// `sums` has for each row grows by the sum of its columns.
private func copyDown(
  _ matrix: Matrix, rows: Range<Int>, columns: Range<Int>, _ next: Int, sums: UnsafeMutablePointer<Float>?,
  into target: UnsafeMutablePointer<Float>
) {
  let stride = matrix.stride, tiles = (rows.count + GEMMBlocking.mr - 1) / GEMMBlocking.mr
  var from = matrix.pointer + columns.lowerBound * stride + rows.lowerBound, to = target, left = columns.count
  // Four columns at once, for fewer steps.
  while left > 0 {
    let now = Swift.min(4, left)
    for column in 0..<now {
      // They come too far apart to be foreseen.
      let line = from + column &* stride
      for i in Swift.stride(from: 0, to: rows.count, by: 16) { overtone_prefetch(line + (16 &* stride &+ i)) }
    }
    if let sums { add(from, stride: stride, columns: now, to: sums, count: rows.count) }
    if now == 4 {
      var six = from, tile = to
      for _ in 0..<tiles {
        copySix(six, tile)
        copySix(six + stride, tile + GEMMBlocking.mr)
        copySix(six + 2 &* stride, tile + 2 &* GEMMBlocking.mr)
        copySix(six + 3 &* stride, tile + 3 &* GEMMBlocking.mr)
        six += GEMMBlocking.mr
        tile += next
      }
    } else {
      for column in 0..<now {
        for tile in 0..<tiles {
          copySix(
            from + (column &* stride &+ tile &* GEMMBlocking.mr), to + (tile &* next &+ column &* GEMMBlocking.mr))
        }
      }
    }
    from += now &* stride
    to += now &* GEMMBlocking.mr
    left &-= now
  }
}

/// Adds some columns of a matrix, which lie `stride` apart, to the sums of its rows; what stands behind these rows is read too.
@inline(__always)
private func add(
  _ from: UnsafePointer<Float>, stride: Int, columns: Int, to sums: UnsafeMutablePointer<Float>, count: Int
) {
  for i in Swift.stride(from: 0, to: count, by: 16) {
    var sum = from[vector: i]
    for column in 1..<columns { sum += (from + column &* stride)[vector: i] }
    sums.store(sum + sums[vector: i], i, of: count)
  }
}

/// Copies eight numbers at once: two of them are overwritten by the next column, or lie in the lane between tiles.
@inline(__always)
private func copySix(_ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>) {
  let six = UnsafeRawPointer(from).loadUnaligned(as: SIMD8<Float>.self)
  UnsafeMutableRawPointer(to).storeBytes(of: six, as: SIMD8<Float>.self)
}
