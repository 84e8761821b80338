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
/// The right side is packed once, by all threads, two megabytes at a time. Then pieces of the target are made: for up to
/// 512 rows of the right side, panel by panel, which stays in the second-level cache while the piece's rows pass over
/// it. Left sides that are read down a column, or made on the way, are copied piece by piece.
func tiledProduct(
  _ rows: Int, _ columns: Int, _ inner: Int, _ left: Matrix, _ right: Matrix, into target: TileTarget,
  _ way: ProductWay
) {
  let breadth = Swift.min(columns, 1024), depth = equalParts(of: inner, most: 512)
  let deep = equalParts(of: inner, most: Swift.max(1, (1 << 19) / breadth / depth) * depth, unit: depth)
  let packed = Buffer(count: deep * ((breadth + 15) / 16 * 16))
  for column in stride(from: 0, to: columns, by: breadth) {
    let across = column..<Swift.min(columns, column + breadth)
    for step in stride(from: 0, to: inner, by: deep) {
      let down = step..<Swift.min(inner, step + deep)
      packShared(right, rows: down, columns: across, depth: depth, way.right, into: packed.pointer)
      let pieces = ProductPieces(
        left, packed.pointer, rows: rows, across: across, down: down, depth: depth, target, way,
        isLast: down.upperBound == inner)
      parallel(pieces.count, cost: rows * across.count * down.count / 16 / pieces.count, pieces: pieces.count) {
        range in
        let scratch = Buffer(count: pieces.scratchCount)
        for number in range { pieces.multiply(number, scratch.pointer) }
      }
    }
  }
}

/// The size of parts, none above `most`, into which so many items are cut as evenly as multiples of `unit` allow.
private func equalParts(of count: Int, most: Int, unit: Int = 16) -> Int {
  let parts = (count + most - 1) / most, even = (count + parts - 1) / parts
  return Swift.min(count, (even + unit - 1) / unit * unit)
}

/// What happens to numbers on their way through a product.
struct ProductWay {
  /// Makes `count` numbers of a row from a column on.
  typealias Fill = (_ row: Int, _ column: Int, _ count: Int, _ target: UnsafeMutablePointer<Float>) -> Void

  /// Numbers of the left side, which is not transposed, are made so instead of read.
  var left: Fill?
  /// The same of the right side.
  var right: Fill?
  /// What is added to the product, as far apart as the target.
  var base: UnsafePointer<Float>?
  /// Where the sums of the rows of the left side are added, which is transposed.
  var sums: UnsafeMutablePointer<Float>?
  /// Called when some rows and columns of the target are complete, while the cache has them.
  var finish: ((_ rows: Range<Int>, _ columns: Range<Int>) -> Void)?
}

/// Part of the right side of a product for all threads: `depth` rows after others as `pack` lays them out.
private func packShared(
  _ right: Matrix, rows: Range<Int>, columns: Range<Int>, depth: Int, _ fill: ProductWay.Fill?,
  into target: UnsafeMutablePointer<Float>
) {
  let panels = (columns.count + 63) / 64, width = (columns.count + 15) / 16 * 16
  let steps = (rows.count + depth - 1) / depth
  parallel(steps * panels, cost: (fill == nil ? 64 : 256) * depth, pieces: steps * panels) { range in
    for part in range {
      let first = rows.lowerBound + part / panels * depth, column = part % panels * 64
      let down = first..<Swift.min(rows.upperBound, first + depth)
      let across = columns.lowerBound + column..<Swift.min(columns.upperBound, columns.lowerBound + column + 64)
      var to = target + ((first - rows.lowerBound) * width + column * down.count)
      guard let fill else {
        pack(right, rows: down, columns: across, into: to)
        continue
      }
      let wide = (across.count + 15) / 16 * 16
      for row in down {
        fill(row, across.lowerBound, across.count, to)
        (to + across.count).update(repeating: 0, count: wide - across.count)
        to += wide
      }
    }
  }
}

/// The target of a product, cut into pieces that threads make one after another.
private struct ProductPieces {
  private let left: Matrix, packed: UnsafePointer<Float>
  private let rows: Int, across: Range<Int>, down: Range<Int>
  /// Rows of the right side that are multiplied at once.
  private let depth: Int
  private let target: TileTarget, way: ProductWay, isLast: Bool
  /// Tiles from top to bottom, and pieces they are cut into; columns of a piece, and pieces side by side.
  private let tiles: Int, high: Int, breadth: Int, wide: Int

  init(
    _ left: Matrix, _ packed: UnsafePointer<Float>, rows: Int, across: Range<Int>, down: Range<Int>,
    depth: Int, _ target: TileTarget, _ way: ProductWay, isLast: Bool
  ) {
    (self.left, self.packed, self.rows, self.across, self.down) = (left, packed, rows, across, down)
    self.depth = Swift.min(depth, down.count)
    (self.target, self.way, self.isLast) = (target, way, isLast)
    let threads = ThreadPool.shared.width
    tiles = (rows + tileHeight - 1) / tileHeight
    // Half a megabyte of the right side stays in the second-level cache for one piece after another. Where the left side is
    // made or copied for each piece, that is done once for all columns.
    breadth = Swift.min(across.count, left.transposed || way.left != nil ? 1024 : 512)
    wide = (across.count + breadth - 1) / breadth
    // Four pieces a thread share work well, if they are not so low that the right side is read too often.
    let most = way.finish == nil ? 32 : 16, whole = (tiles + most - 1) / most
    let fair = Swift.max(whole, Swift.min(4 * threads / wide, tiles / 5))
    high = Swift.max(1, (fair + threads - 1) / threads * threads)
  }

  var count: Int { high * wide }

  private var isCopied: Bool { left.transposed || way.left != nil }
  /// Room for a tile, and for a left side that is copied: a lane more for each tile, or all would fall on the same few lines
  /// of the cache.
  var scratchCount: Int {
    TileTarget.scratchCount + (isCopied ? ((tiles + high - 1) / high + 1) * (tileHeight * (depth + 16) + 16) : 0)
  }

  func multiply(_ number: Int, _ scratch: UnsafeMutablePointer<Float>) {
    let (place, column) = (number % high, across.lowerBound + number / high * breadth)
    let own = place * tiles / high * tileHeight..<Swift.min(rows, (place + 1) * tiles / high * tileHeight)
    let columns = column..<Swift.min(across.upperBound, column + breadth)
    guard !own.isEmpty else { return }
    for first in stride(from: down.lowerBound, to: down.upperBound, by: depth) {
      multiply(own, columns, first..<Swift.min(down.upperBound, first + depth), scratch)
    }
    if isLast { way.finish?(own, columns) }
  }

  private func multiply(
    _ rows: Range<Int>, _ columns: Range<Int>, _ steps: Range<Int>, _ scratch: UnsafeMutablePointer<Float>
  ) {
    let copied = scratch + TileTarget.scratchCount
    // Where the rows of the first tile are read from, from one row, step and tile to the next.
    let from: UnsafePointer<Float>, (across, step, next): (Int, Int, Int)
    if left.transposed {
      (from, across, step, next) = (UnsafePointer(copied), 1, tileHeight, tileHeight * steps.count + 16)
      let sums = columns.lowerBound == 0 ? way.sums : nil
      copyDown(left, rows: rows, columns: steps, next, sums: sums.map { $0 + rows.lowerBound }, into: copied)
    } else if let fill = way.left {
      let width = (steps.count + 15) / 16 * 16
      (from, across, step, next) = (UnsafePointer(copied), width, 1, tileHeight * width)
      for row in rows { fill(row, steps.lowerBound, steps.count, copied + (row - rows.lowerBound) * width) }
    } else {
      from = left.pointer + (rows.lowerBound * left.stride + steps.lowerBound)
      (across, step, next) = (left.stride, 1, tileHeight * left.stride)
    }
    var to = target
    to.scratch = scratch
    let width = (self.across.count + 15) / 16 * 16
    var panel =
      packed
      + ((steps.lowerBound - down.lowerBound) * width + (columns.lowerBound - self.across.lowerBound) * steps.count)
    for column in stride(from: columns.lowerBound, to: columns.upperBound, by: 64) {
      to.columns = Swift.min(64, columns.upperBound - column)
      let lanes = (to.columns + 15) / 16, path = TilePath(length: steps.count, left: step, right: 16 * lanes)
      let row = rows.lowerBound
      let place = target.isTransposed ? column * target.stride + row : row * target.stride + column
      to.pointer = target.pointer + place
      // What the first steps made is there for the others.
      to.added = steps.lowerBound > 0 ? UnsafePointer(to.pointer) : target.added.map { $0 + place }
      to.bias = steps.lowerBound > 0 ? nil : target.bias.map { $0 + (target.isTransposed ? row : column) }
      tilesDown(lanes: lanes, rows: rows.count, from, stride: across, next: next, panel, path, to)
      panel += steps.count * 16 * lanes
    }
  }
}

/// Some rows of a matrix that is read down its columns, tile after tile, `next` apart: [tile][column][six rows]. What
/// `sums` has for each row grows by the sum of its columns.
private func copyDown(
  _ matrix: Matrix, rows: Range<Int>, columns: Range<Int>, _ next: Int, sums: UnsafeMutablePointer<Float>?,
  into target: UnsafeMutablePointer<Float>
) {
  let stride = matrix.stride, tiles = (rows.count + tileHeight - 1) / tileHeight
  var from = matrix.pointer + columns.lowerBound * stride + rows.lowerBound, to = target, left = columns.count
  // Four columns at once, for fewer steps.
  while left > 0 {
    let now = Swift.min(4, left)
    for column in 0..<now {
      // They come too far apart to be foreseen.
      let line = from + column &* stride
      for i in Swift.stride(from: 0, to: rows.count, by: 16) { overtone_prefetch(line + (16 &* stride &+ i)) }
      if let sums { for i in 0..<rows.count { sums[i] += line[i] } }
    }
    if now == 4 {
      var six = from, tile = to
      for _ in 0..<tiles {
        copySix(six, tile)
        copySix(six + stride, tile + tileHeight)
        copySix(six + 2 &* stride, tile + 2 &* tileHeight)
        copySix(six + 3 &* stride, tile + 3 &* tileHeight)
        six += tileHeight
        tile += next
      }
    } else {
      for column in 0..<now {
        for tile in 0..<tiles {
          copySix(from + (column &* stride &+ tile &* tileHeight), to + (tile &* next &+ column &* tileHeight))
        }
      }
    }
    from += now &* stride
    to += now &* tileHeight
    left &-= now
  }
}

/// Copies eight numbers at once: two of them are overwritten by the next column, or lie in the lane between tiles.
@inline(__always)
private func copySix(_ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>) {
  let six = UnsafeRawPointer(from).loadUnaligned(as: SIMD8<Float>.self)
  UnsafeMutableRawPointer(to).storeBytes(of: six, as: SIMD8<Float>.self)
}
