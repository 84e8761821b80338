/// The target of a product, cut into pieces that threads make one after another.
struct ProductPieces {
  private let left: LeftSide, right: UnsafePointer<Float>
  private let rows: Int, across: Range<Int>, down: Range<Int>
  /// Rows of the right side that are multiplied at once.
  private let depth: Int
  private let target: TileTarget, way: ProductWay, isLast: Bool
  /// Tiles from top to bottom, and pieces they are cut into; columns of a piece, and pieces side by side.
  private let tiles: Int, high: Int, breadth: Int, wide: Int

  init(
    _ left: LeftSide, _ right: UnsafePointer<Float>, rows: Int, across: Range<Int>, down: Range<Int>,
    depth: Int, _ target: TileTarget, _ way: ProductWay, isLast: Bool
  ) {
    (self.left, self.right, self.rows, self.across, self.down) = (left, right, rows, across, down)
    self.depth = Swift.min(depth, down.count)
    (self.target, self.way, self.isLast) = (target, way, isLast)
    let threads = ThreadPool.shared.width
    tiles = (rows + GEMMBlocking.mr - 1) / GEMMBlocking.mr
    // Half a megabyte of the right side stays in the second-level cache for one piece after another. Where the left side is
    // copied for each piece, that is done once for all columns.
    breadth = Swift.min(across.count, left.isCopied ? 1024 : 512)
    wide = (across.count + breadth - 1) / breadth
    // Four pieces a thread share work well, if they are not so low that the right side is read too often: the gradient of
    // weights with 256 outputs is made 1.05 to 1.08 times as fast in four pieces as in eight (Cascade Lake).
    let most = 12, whole = (tiles + most - 1) / most
    let fair = Swift.max(whole, Swift.min(4 * threads / wide, tiles / 10))
    high = Swift.max(1, (fair + threads - 1) / threads * threads)
  }

  var count: Int { high * wide }

  /// Room for a tile and a copied left side.
  var scratchCount: Int {
    TileTarget.scratchCount
      + (left.isCopied ? LeftSide.copiedCount(tiles: (tiles + high - 1) / high + 1, steps: depth) : 0)
  }

  func multiply(_ number: Int, _ scratch: UnsafeMutablePointer<Float>) {
    let (place, column) = (number % high, across.lowerBound + number / high * breadth)
    let own = place * tiles / high * GEMMBlocking.mr..<Swift.min(rows, (place + 1) * tiles / high * GEMMBlocking.mr)
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
    let left = left.lines(
      rows, steps: steps, isSummed: columns.lowerBound == 0, copying: scratch + TileTarget.scratchCount)
    // Read next: further rows of the right side, or the first ones for the next piece.
    let further = steps.upperBound < down.upperBound ? steps.upperBound : down.lowerBound
    let (row, column, isFirst) = (rows.lowerBound, columns.lowerBound, steps.lowerBound == 0)
    let place = target.isTransposed ? column * target.stride + row : row * target.stride + column
    var to = target
    to.scratch = scratch
    to.pointer += place
    // What the first steps made is there for the others.
    to.added = isFirst ? target.added.map { $0 + place } : UnsafePointer(to.pointer)
    to.bias = isFirst ? target.bias.map { $0 + (target.isTransposed ? row : column) } : nil
    multiply(
      left, rows: rows.count, panels(columns, from: steps.lowerBound), columns: columns.count, steps: steps.count, to,
      next: panels(columns, from: further))
  }

  /// Where the right side's rows from a step on and these columns lie.
  private func panels(_ columns: Range<Int>, from step: Int) -> UnsafePointer<Float> {
    right
      + (RightSide.count(rows: step - down.lowerBound, columns: across.count)
        + RightSide.count(
          rows: Swift.min(depth, down.upperBound - step), columns: columns.lowerBound - across.lowerBound))
  }

  /// Panel by panel, tile below tile.
  private func multiply(
    _ left: TileLines, rows: Int, _ panels: UnsafePointer<Float>, columns: Int, steps: Int, _ target: TileTarget,
    next: UnsafePointer<Float>
  ) {
    var panel = panels, target = target
    for column in stride(from: 0, to: columns, by: 64) {
      target.columns = Swift.min(64, columns - column)
      let lanes = (target.columns + 15) / 16
      let path = TilePath(length: steps, left: left.step, right: 16 * lanes)
      let count = steps * 16 * lanes
      tilesDown(
        lanes: lanes, rows: rows, left.first, stride: left.across, next: left.next, panel, path, target,
        Lookahead(
          panel: column + 64 < columns ? panel + count : next, count: count,
          isLeftFar: column == 0 && left.isFar))
      panel += count
      target.move(target.isTransposed ? 64 * target.stride : 64)
      if !target.isTransposed { target.bias = target.bias.map { $0 + 64 } }
    }
  }
}
