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

/// target = scale * left * right + bias, or that added to the target, on all threads, by tiles.
///
/// The right side is packed once, by all threads, a thousand of its rows and four megabytes at a time. Then pieces of rows of
/// the left side pass over it, for each 256 of its rows panel by panel: 64 KiB that stay in the second-level cache while
/// the piece's tiles pass over them, as does the piece's part of the target. Left sides that are read down a column
/// are copied, for far strides hit the same few lines of the cache.
func tiledProduct(
  _ rows: Int, _ columns: Int, _ inner: Int, _ left: Matrix, _ right: Matrix, into target: TileTarget
) {
  let deep = Swift.min(inner, 4 * ProductPiece.depth)
  let breadth = Swift.min(columns, Swift.max(64, (1 << 20) / deep / 64 * 64))
  let packed = Buffer(count: deep * ((breadth + 15) / 16 * 16))
  // Eight pieces a thread share work well; below four tiles each would read the right side too often.
  let fair = rows / (8 * ThreadPool.shared.width) / TileRows.count * TileRows.count
  let height = Swift.max(4 * TileRows.count, Swift.min(32 * TileRows.count, fair))
  for column in stride(from: 0, to: columns, by: breadth) {
    let across = column..<Swift.min(columns, column + breadth)
    for step in stride(from: 0, to: inner, by: deep) {
      let down = step..<Swift.min(inner, step + deep)
      packShared(right, rows: down, columns: across, into: packed.pointer)
      parallel((rows + height - 1) / height, cost: height * across.count * down.count / 16) { range in
        let piece = ProductPiece(left, packed.pointer, across: across, down: down, target, height: height)
        for number in range { piece.multiply(number * height..<Swift.min(rows, (number + 1) * height)) }
      }
    }
  }
}

/// Part of the right side of a product for all threads: 256 rows after 256 rows as `pack` lays them out.
private func packShared(
  _ right: Matrix, rows: Range<Int>, columns: Range<Int>, into target: UnsafeMutablePointer<Float>
) {
  let panels = (columns.count + 63) / 64, width = (columns.count + 15) / 16 * 16
  let steps = (rows.count + ProductPiece.depth - 1) / ProductPiece.depth
  parallel(steps * panels, cost: 4 * ProductPiece.depth) { range in
    for part in range {
      let first = rows.lowerBound + part / panels * ProductPiece.depth, column = part % panels * 64
      let down = first..<Swift.min(rows.upperBound, first + ProductPiece.depth)
      let across = columns.lowerBound + column..<Swift.min(columns.upperBound, columns.lowerBound + column + 64)
      pack(
        right, rows: down, columns: across,
        into: target + ((first - rows.lowerBound) * width + column * down.count))
    }
  }
}

/// Where one thread multiplies some rows of the left side after others with what is packed of the right one.
private struct ProductPiece {
  /// Rows of the right side that are multiplied at once.
  static let depth = 256

  private let left: Matrix, packed: UnsafePointer<Float>
  private let across: Range<Int>, down: Range<Int>
  private var target: TileTarget
  /// Room for a tile, and for left sides that are copied: [depth, rows rounded up to whole lanes].
  private let scratch: Buffer, turned: Buffer
  private let group: Int

  init(
    _ left: Matrix, _ packed: UnsafePointer<Float>, across: Range<Int>, down: Range<Int>, _ target: TileTarget,
    height: Int
  ) {
    (self.left, self.packed, self.across, self.down, self.target) = (left, packed, across, down, target)
    group = (height + 15) / 16 * 16
    scratch = Buffer(count: TileTarget.scratchCount)
    turned = Buffer(count: left.transposed ? Swift.min(Self.depth, down.count) * group : 0)
    self.target.scratch = scratch.pointer
  }

  func multiply(_ rows: Range<Int>) {
    for first in stride(from: down.lowerBound, to: down.upperBound, by: Self.depth) {
      multiply(rows, first..<Swift.min(down.upperBound, first + Self.depth))
    }
  }

  private func multiply(_ rows: Range<Int>, _ steps: Range<Int>) {
    if left.transposed { copyDown(left, rows: rows, columns: steps, group, into: turned.pointer) }
    let width = (across.count + 15) / 16 * 16
    var to = target, panel = packed + (steps.lowerBound - down.lowerBound) * width
    to.adds = target.adds || steps.lowerBound > 0
    for column in stride(from: across.lowerBound, to: across.upperBound, by: 64) {
      to.columns = Swift.min(64, across.upperBound - column)
      let lanes = (to.columns + 15) / 16
      let path = TilePath(length: steps.count, left: left.transposed ? group : 1, right: 16 * lanes)
      for row in stride(from: rows.lowerBound, to: rows.upperBound, by: TileRows.count) {
        to.rows = Swift.min(TileRows.count, rows.upperBound - row)
        let lines =
          left.transposed
          ? TileRows(turned.pointer + (row - rows.lowerBound), stride: 1, count: to.rows)
          : TileRows(left.pointer + (row * left.stride + steps.lowerBound), stride: left.stride, count: to.rows)
        to.pointer =
          target.pointer + (target.isTransposed ? column * target.stride + row : row * target.stride + column)
        to.bias = steps.lowerBound > 0 ? nil : target.bias.map { $0 + (target.isTransposed ? row : column) }
        tile(lanes: lanes, lines, panel, path, to)
      }
      panel += steps.count * 16 * lanes
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
