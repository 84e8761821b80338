import COpenBLAS

/// Lanes of a tile that registers hold; 0: tiles would spill.
let tileLanes = Int(OVERTONE_TILE_LANES)

/// Whether products are made of our own tiles, or by BLAS.
let multipliesByTiles = tileLanes > 0

extension Matrix {
  /// From one row to the next of the matrix as it is meant.
  var rowStep: Int { transposed ? 1 : stride }
  /// From one column to the next.
  var columnStep: Int { transposed ? stride : 1 }
  /// The matrix with rows and columns exchanged.
  var turned: Matrix { Matrix(pointer: pointer, stride: stride, transposed: !transposed) }
}

/// Part of the right side of a product, columns 64 at a time: [panel][row][columns of the panel], the last panel filled
/// up with zeros to whole lanes.
@inline(__always)
func pack(
  _ matrix: Matrix, rows: Range<Int>, columns: Range<Int>, into target: UnsafeMutablePointer<Float>
) {
  var target = target, column = columns.lowerBound
  while column < columns.upperBound {
    let count = Swift.min(64, columns.upperBound - column), width = (count + 15) / 16 * 16
    packPanel(matrix, rows: rows, column, count, width, into: target)
    target += rows.count * width
    column += count
  }
}

private func packPanel(
  _ matrix: Matrix, rows: Range<Int>, _ column: Int, _ count: Int, _ width: Int,
  into target: UnsafeMutablePointer<Float>
) {
  let whole = count / 16
  if !matrix.transposed {
    var from = matrix.pointer + rows.lowerBound * matrix.stride + column, to = target
    for _ in 0..<rows.count {
      for lane in 0..<whole {
        overtone_prefetch(from + (16 &* matrix.stride &+ 16 &* lane))
        to[lanes: 16 &* lane] = from[lanes: 16 &* lane]
      }
      if whole * 16 < count { to[lanes: 16 * whole] = partial(from + 16 * whole, count - 16 * whole) }
      from += matrix.stride
      to += width
    }
    return
  }
  let squares = rows.count / 16
  for lane in 0..<width / 16 {
    let from = matrix.pointer + (column + 16 * lane) * matrix.stride + rows.lowerBound, to = target + 16 * lane
    let real = Swift.min(16, count - 16 * lane)
    var done = 0
    if real == 16 {
      for square in 0..<squares {
        overtone_transpose(from + 16 * square, matrix.stride, to + 16 * square * width, width)
      }
      done = 16 * squares
    }
    for row in done..<Swift.max(done, rows.count) {
      for i in 0..<16 { to[row &* width &+ i] = i < real ? from[i &* matrix.stride &+ row] : 0 }
    }
  }
}

/// target = scale * left * right + bias, or that added to the target, on this thread, by tiles.
///
/// Right sides are packed 512 columns at a time, and multiplied 256 rows of them at a time: half a megabyte, which stays in
/// the second-level cache while rows of the left side after another pass over it. Four groups of rows go through all of
/// that before the next four, so that their part of the target stays there, too. Left sides that are read down a column
/// are copied eight tiles at a time, for far strides hit the same few lines of the cache.
func tiledProduct(
  _ rows: Int, _ columns: Int, _ inner: Int, _ left: Matrix, _ right: Matrix, into target: TileTarget
) {
  let depth = Swift.min(256, inner), group = 8 * TileRows.count
  // What is packed at once stays within eight megabytes.
  let breadth = Swift.max(64, Swift.min(512, (2 << 20) / inner / 64 * 64))
  let panels = inner * ((Swift.min(breadth, columns) + 15) / 16 * 16)
  let packed = Buffer(count: panels + TileTarget.scratchCount + (left.transposed ? depth * group : 0))
  let scratch = packed.pointer + panels, turned = scratch + TileTarget.scratchCount
  for column in stride(from: 0, to: columns, by: breadth) {
    let across = column..<Swift.min(columns, column + breadth), width = (across.count + 15) / 16 * 16
    for step in stride(from: 0, to: inner, by: depth) {
      pack(right, rows: step..<Swift.min(inner, step + depth), columns: across, into: packed.pointer + step * width)
    }
    for block in stride(from: 0, to: rows, by: 4 * group) {
      for step in stride(from: 0, to: inner, by: depth) {
        let down = step..<Swift.min(inner, step + depth)
        for first in stride(from: block, to: Swift.min(rows, block + 4 * group), by: group) {
          let last = Swift.min(rows, first + group)
          if left.transposed { copyDown(left, rows: first..<last, columns: down, group, into: turned) }
          for row in stride(from: first, to: last, by: TileRows.count) {
            let count = Swift.min(TileRows.count, last - row)
            let lines =
              left.transposed
              ? TileRows(turned + (row - first), stride: 1, count: count)
              : TileRows(left.pointer + row * left.stride + step, stride: left.stride, count: count)
            var to = target, panel = UnsafePointer(packed.pointer) + step * width, at = across.lowerBound
            (to.rows, to.adds, to.scratch) = (count, target.adds || step > 0, scratch)
            while at < across.upperBound {
              let width = Swift.min(64, across.upperBound - at), lanes = (width + 15) / 16
              to.pointer = target.pointer + (target.isTransposed ? at * target.stride + row : row * target.stride + at)
              to.columns = width
              to.bias = step > 0 ? nil : target.bias.map { $0 + (target.isTransposed ? row : at) }
              tile(
                lanes: lanes, lines, panel,
                TilePath(length: down.count, left: left.transposed ? group : 1, right: 16 * lanes), to)
              panel += down.count * 16 * lanes
              at += width
            }
          }
        }
      }
    }
  }
}

/// Some rows of a matrix that is read down its columns: [column][row of the group].
private func copyDown(
  _ matrix: Matrix, rows: Range<Int>, columns: Range<Int>, _ group: Int, into target: UnsafeMutablePointer<Float>
) {
  var from = matrix.pointer + columns.lowerBound * matrix.stride + rows.lowerBound, to = target
  for _ in columns {
    var i = 0
    while i < rows.count {
      overtone_prefetch(from + (16 &* matrix.stride &+ i))
      to.store(from.lanes(i, of: rows.count), i, of: rows.count)
      i &+= 16
    }
    from += matrix.stride
    to += group
  }
}
