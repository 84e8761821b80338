/// What one thread needs to work on one head after another.
///
/// Rows of a head lie far apart, each in a page of memory of its own: those that are read often are copied to lie together,
/// and those of the next head are asked for while this one is worked on.
final class HeadBench {
  let plan: Heads
  /// Keys, and values, with rows and columns exchanged, in panels.
  let keys: Buffer, values: Buffer
  /// [lines, padded keys], and the same of their gradients; forward only one tile of the first.
  let shares: Buffer, slopes: Buffer
  let scratch: Buffer
  /// Copies of queries, keys and values or, on the way back, the gradient: [rows, broad].
  let copies: (queries: Buffer, keys: Buffer, others: Buffer)
  /// Floats of a copied row: whole lanes.
  let broad: Int
  /// Of each tile of queries: how many keys they see at most. Of each tile of keys: the first query that sees any.
  let seen: [Int], first: [Int]
  /// Whether the head that comes next lies beside this one.
  var hasNext = false

  init(_ plan: Heads, isTraining: Bool) {
    self.plan = plan
    keys = Buffer(count: plan.padded * plan.width)
    values = Buffer(count: isTraining ? plan.padded * plan.width : 0)
    shares = Buffer(count: plan.padded * (isTraining ? plan.lines : tileHeight))
    slopes = Buffer(count: isTraining ? plan.padded * plan.lines : 0)
    scratch = Buffer(count: TileTarget.scratchCount)
    broad = (plan.width + 15) / 16 * 16
    copies = (
      Buffer(count: plan.queries * broad), Buffer(count: plan.keys * broad),
      Buffer(count: Swift.max(plan.queries, plan.keys) * broad)
    )
    seen = stride(from: 0, to: plan.queries, by: tileHeight).map(plan.seen)
    first = stride(from: 0, to: plan.keys, by: tileHeight).map { line in
      plan.visible.firstIndex { $0 > line } ?? plan.queries
    }
  }

  /// Rows of this head where they lie together, turned if there are angles.
  func copied(_ rows: Matrix, count: Int, _ angles: HeadAngles?, into buffer: Buffer) -> Matrix {
    var from = rows.pointer, to = buffer.pointer
    for row in 0..<count {
      if let angles {
        angles.turn(from, into: to, row: row, width: plan.width)
      } else {
        for i in stride(from: 0, to: plan.width, by: 16) { to[lanes: i] = from[lanes: i] }
      }
      from += rows.stride
      to += broad
    }
    return Matrix(pointer: buffer.pointer, stride: broad)
  }

  /// Asks for a row of the next head: one at a time, or the places where lines of the cache arrive would all be taken.
  @inline(__always)
  func askNext(_ rows: Matrix, _ row: Int, of count: Int) {
    guard hasNext && row < count else { return }
    let next = rows.pointer + (row &* rows.stride &+ plan.width)
    var i = 0
    while i < plan.width {
      OneLane.expect(next + i)
      i &+= 16
    }
  }

  /// target [6, padded keys] = rows [6, width] * the packed columns [width, keys], as far as `seen`.
  @inline(__always)
  func score(
    _ rows: Matrix, _ row: Int, _ packed: Buffer, _ seen: Int, into target: UnsafeMutablePointer<Float>
  ) {
    var panel = UnsafePointer(packed.pointer), key = 0
    while key < seen {
      let lanes = (Swift.min(64, plan.padded - key)) / 16
      tile(
        lanes: lanes, rows.pointer + row * rows.stride, stride: rows.stride, panel,
        TilePath(length: plan.width, left: 1, right: 16 * lanes),
        TileTarget(
          pointer: target + key, stride: plan.padded, rows: Swift.min(tileHeight, plan.queries - row),
          columns: 16 * lanes, scratch: scratch.pointer))
      panel += plan.width * 16 * lanes
      key += 64
    }
  }

  /// target [count, width] = left [count, path] * rows [path, width] of a matrix.
  @inline(__always)
  func mix(
    _ left: UnsafePointer<Float>, across: Int, step: Int, count: Int, length: Int, _ rows: Matrix, from first: Int,
    into target: UnsafeMutablePointer<Float>, stride: Int
  ) {
    var column = 0
    while column < plan.width {
      let width = Swift.min(64, plan.width - column)
      tile(
        lanes: (width + 15) / 16, left, stride: across, rows.pointer + first * rows.stride + column,
        TilePath(length: length, left: step, right: rows.stride),
        TileTarget(
          pointer: target + column, stride: stride, rows: count, columns: width,
          scratch: scratch.pointer))
      column += 64
    }
  }
}
