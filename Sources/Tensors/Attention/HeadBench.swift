/// What one thread needs to work on one head after another.
///
/// Rows of a head lie far apart, each in a page of memory of its own: those that are read often are copied to lie together,
/// and those of the next head are asked for while this one is worked on.
final class HeadBench {
  let plan: Heads
  /// Keys, and values, with rows and columns exchanged, in panels.
  let keys: Buffer, values: Buffer
  /// Queries worked on at once: as many as leave room in the first-level cache or, on the way back, in the second.
  let block: Int
  /// [block, keys], `plan.apart` from one line to the next, and the same of their gradients.
  let shares: Buffer, slopes: Buffer
  /// Of each query what all its slopes are moved by; forward, of each of a block its greatest score, and a lane of sums of
  /// exponentials.
  let known: Buffer
  let scratch: Buffer
  /// Copies of queries, keys and values or, on the way back, the gradient: [rows, broad].
  let copies: (queries: Buffer, keys: Buffer, others: Buffer)
  /// Floats of a copied row: whole vectors of 16.
  let broad: Int
  /// Of each tile of queries: how many keys they see at most. Of each tile of keys: the first query that sees any.
  let seen: [Int], first: [Int]
  /// Whether the head that comes next lies beside this one.
  var hasNext = false

  init(_ plan: Heads, isTraining: Bool) {
    self.plan = plan
    keys = Buffer(count: plan.padded * plan.width)
    values = Buffer(count: isTraining ? plan.padded * plan.width : 0)
    block = usesMicroKernels ? plan.block(floats: isTraining ? 40_960 : 6144) : plan.lines
    shares = Buffer(count: plan.apart * block)
    slopes = Buffer(count: isTraining ? plan.apart * block : 0)
    known = Buffer(count: Swift.max(plan.lines, 32 * block))
    scratch = Buffer(count: TileTarget.scratchCount)
    broad = (plan.width + 15) / 16 * 16
    copies = (
      Buffer(count: plan.queries * broad), Buffer(count: plan.keys * broad),
      Buffer(count: Swift.max(plan.queries, plan.keys) * broad)
    )
    seen = stride(from: 0, to: plan.queries, by: GEMMBlocking.mr).map(plan.seen)
    first = stride(from: 0, to: plan.keys, by: GEMMBlocking.mr).map { line in
      plan.visible.firstIndex { $0 > line } ?? plan.queries
    }
  }

  /// Rows of this head where they lie together, turned if there are angles.
  func copied(_ rows: Matrix, count: Int, _ angles: HeadRotation?, into buffer: Buffer) -> Matrix {
    var from = rows.pointer, to = buffer.pointer
    for row in 0..<count {
      if let angles {
        angles.rotate(from, into: to, row: row, headDim: plan.width)
      } else {
        for i in stride(from: 0, to: plan.width, by: 16) { to[vector: i] = from[vector: i] }
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
      OneVector.prefetch(next + i)
      i &+= 16
    }
  }

  /// target [rows, keys] = those rows [rows, width] of a matrix * the packed columns [width, keys], where they see them:
  /// panel by panel, which stays in the first-level cache while the rows pass over it.
  func score(_ rows: Range<Int>, of matrix: Matrix, _ packed: Buffer, into target: UnsafeMutablePointer<Float>) {
    var panel = UnsafePointer(packed.pointer)
    for key in Swift.stride(from: 0, to: plan.padded, by: 64) {
      let vectors = Swift.min(64, plan.padded - key) / 16, count = plan.width * 16 * vectors
      let hidden = Swift.max(0, first[key / GEMMBlocking.mr] - rows.lowerBound) / GEMMBlocking.mr * GEMMBlocking.mr
      let from = rows.lowerBound + hidden
      if from < rows.upperBound {
        // Nothing is far here: each tile asks for the rows of the next, and for no panel.
        macroKernel(
          vectors: vectors, rows: rows.upperBound - from,
          PanelLayout(
            start: matrix.pointer + from * matrix.stride, rowStride: matrix.stride, kStride: 1,
            panelStride: GEMMBlocking.mr * matrix.stride), panel,
          ReductionPath(length: plan.width, aStep: 1, bStep: 16 * vectors),
          TileTarget(
            pointer: target + (hidden * plan.apart + key), stride: plan.apart, rows: 0, columns: 16 * vectors,
            scratch: scratch.pointer), PrefetchPlan(nextPanel: panel, count: count, prefetchesA: true))
      }
      panel += count
    }
  }

  /// target [count, width] = left [count, path] * rows [path, width] of a matrix, or that added to what is there.
  @inline(__always)
  func mix(
    _ left: UnsafePointer<Float>, across: Int, step: Int, count: Int, length: Int, _ rows: Matrix, from first: Int,
    into target: UnsafeMutablePointer<Float>, stride: Int, adds: Bool = false
  ) {
    var column = 0
    while column < plan.width {
      let width = Swift.min(64, plan.width - column)
      let vectors = (width + 15) / 16, path = ReductionPath(length: length, aStep: step, bStep: rows.stride)
      let right = rows.pointer + first * rows.stride + column
      let to = TileTarget(
        pointer: target + column, stride: stride, rows: count, columns: width,
        addend: adds ? UnsafePointer(target + column) : nil, scratch: scratch.pointer)
      if across == 1 && count == GEMMBlocking.mr {
        microKernel(vectors: vectors, PackedPanelA(pointer: left), right, path, to)
      } else {
        microKernel(vectors: vectors, left, stride: across, right, path, to)
      }
      column += 64
    }
  }
}
