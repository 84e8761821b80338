import COpenBLAS

/// Vector16 of a tile that registers hold; 0: tiles would spill.
let vectorsPerTile = Int(OVERTONE_TILE_VECTORS)

/// Whether products are made of our own tiles, or by BLAS.
let multipliesByTiles = vectorsPerTile > 0

extension Matrix {
  /// From one row to the next of the matrix as it is meant.
  var rowStep: Int { transposed ? 1 : stride }
  /// From one column to the next.
  var columnStep: Int { transposed ? stride : 1 }
  /// The matrix with rows and columns exchanged.
  var turned: Matrix { Matrix(pointer: pointer, stride: stride, transposed: !transposed) }
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
  let left = LeftSide(matrix: left, fill: way.left, sums: way.sums), right = RightSide(matrix: right, fill: way.right)
  let rights = Buffer(count: RightSide.count(rows: deep, columns: breadth))
  for column in stride(from: 0, to: columns, by: breadth) {
    let across = column..<Swift.min(columns, column + breadth)
    for step in stride(from: 0, to: inner, by: deep) {
      let down = step..<Swift.min(inner, step + deep)
      right.packShared(rows: down, columns: across, depth: depth, into: rights.pointer)
      let pieces = ProductPieces(
        left, rights.pointer, rows: rows, across: across, down: down, depth: depth, target, way,
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
