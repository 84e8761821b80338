/// The buffers in which one thread computes one head after another.
///
/// Rows of a head lie in different pages of memory: those that are read often are copied to lie together, and those
/// of the next head are prefetched while this one is computed.
final class AttentionWorkspace {
  let shape: AttentionShape
  /// K^T [headDim, keys] and, for the backward pass, V^T [headDim, keys], packed as operand B.
  let packedKeys: Buffer, packedValues: Buffer
  /// Queries that are processed at once: as many as leave room in the first-level cache or, backward, in the second.
  let queryBlock: Int
  /// [queryBlock, keys], row stride `shape.scoreStride`: scores, then exponentials, then P = softmax(S).
  let probabilities: Buffer
  /// dP = dO V^T, then dS, laid out as `probabilities`; backward only.
  let scoreGradients: Buffer
  /// A tile that does not fit its target.
  let scratch: Buffer
  /// Copies with `paddedHeadDim` from one row to the next. `values` holds the output's gradient in the backward pass.
  let queries: Buffer, keys: Buffer, values: Buffer
  /// Floats of a copied row: headDim rounded up to whole vectors.
  let paddedHeadDim: Int
  /// [query tiles]: the most keys that a query of the tile sees.
  let visibleKeys: [Int]
  /// [key tiles]: the first query that sees the first key of the tile; `shape.queries` if none does.
  let firstQueries: [Int]
  /// The regions below, one behind the other.
  private let statistics: Buffer

  /// [queryBlock]: the largest score of each row; forward only.
  var rowMaxima: UnsafeMutablePointer<Float> { statistics.pointer }
  /// [queryBlock, 16]: the sums of exponentials of each row, not yet added across the vector; forward only.
  var rowSums: UnsafeMutablePointer<Float> { statistics.pointer + (queryBlock + 15) / 16 * 16 }
  /// [queries]: delta = rowsum(dO * O) (Dao 2023, arXiv 2307.08691, algorithm 2); backward only.
  var delta: UnsafeMutablePointer<Float> { statistics.pointer }

  init(_ shape: AttentionShape, isTraining: Bool) {
    self.shape = shape
    packedKeys = Buffer(count: shape.paddedKeys * shape.headDim)
    packedValues = Buffer(count: isTraining ? shape.paddedKeys * shape.headDim : 0)
    // 24 KiB of scores are half a first-level cache; 160 KiB, twice, leave room for K and V in the second.
    queryBlock = usesMicroKernels ? shape.queryBlock(floats: isTraining ? 40_960 : 6144) : shape.paddedQueries
    probabilities = Buffer(count: shape.scoreStride * queryBlock)
    scoreGradients = Buffer(count: isTraining ? shape.scoreStride * queryBlock : 0)
    statistics = Buffer(count: Swift.max(shape.paddedQueries, (queryBlock + 15) / 16 * 16 + 16 * queryBlock))
    scratch = Buffer(count: TileTarget.scratchCount)
    paddedHeadDim = (shape.headDim + 15) / 16 * 16
    queries = Buffer(count: shape.queries * paddedHeadDim)
    keys = Buffer(count: shape.keys * paddedHeadDim)
    values = Buffer(count: Swift.max(shape.queries, shape.keys) * paddedHeadDim)
    visibleKeys = stride(from: 0, to: shape.queries, by: GEMMBlocking.mr).map(shape.visibleKeys(ofTileAt:))
    firstQueries = stride(from: 0, to: shape.keys, by: GEMMBlocking.mr).map { key in
      shape.visible.firstIndex { $0 > key } ?? shape.queries
    }
  }

  /// Copies the first `count` rows of a head into `buffer`, rotated if there is a rotation: [count, headDim].
  func copied(_ rows: Matrix, count: Int, _ rotation: HeadRotation?, into buffer: Buffer) -> Matrix {
    var from = rows.pointer, to = buffer.pointer
    for row in 0..<count {
      if let rotation {
        rotation.rotate(from, into: to, row: row, headDim: shape.headDim)
      } else {
        for i in stride(from: 0, to: shape.headDim, by: 16) { to[vector: i] = from[vector: i] }
      }
      from += rows.stride
      to += paddedHeadDim
    }
    return Matrix(pointer: buffer.pointer, stride: paddedHeadDim)
  }

  /// Prefetches row `row` of the next head, which lies headDim further on, if it is among the first `count`.
  ///
  /// One row at a time: more would occupy all line fill buffers.
  @inline(__always)
  func prefetchNextHead(_ rows: Matrix, row: Int, count: Int) {
    guard row < count else { return }
    let next = rows.pointer + (row &* rows.stride &+ shape.headDim)
    var i = 0
    while i < shape.headDim {
      OneVector.prefetch(next + i)
      i &+= 16
    }
  }

  /// target [rows, keys] = rows [rows, headDim] of A times B [headDim, keys], packed, for the keys that the rows see.
  ///
  /// Panel after panel of B, each of which stays in the first-level cache while the rows pass over it.
  func multiply(_ rows: Range<Int>, of a: Matrix, _ packed: Buffer, into target: UnsafeMutablePointer<Float>) {
    let mr = GEMMBlocking.mr
    var panel = UnsafePointer(packed.pointer)
    for key in Swift.stride(from: 0, to: shape.paddedKeys, by: 64) {
      let vectors = Swift.min(64, shape.paddedKeys - key) / 16, count = shape.headDim * 16 * vectors
      // Whole tiles of queries before the first that sees a key of this panel are skipped.
      let skipped = Swift.max(0, firstQueries[key / mr] - rows.lowerBound) / mr * mr
      let from = rows.lowerBound + skipped
      if from < rows.upperBound {
        // Everything is near: a tile prefetches the rows of the next one, and no panel.
        macroKernel(
          vectors: vectors, rows: rows.upperBound - from,
          PanelLayout(
            start: a.pointer + from * a.stride, rowStride: a.stride, kStride: 1, panelStride: mr * a.stride), panel,
          ReductionPath(length: shape.headDim, aStep: 1, bStep: 16 * vectors),
          TileTarget(
            pointer: target + (skipped * shape.scoreStride + key), stride: shape.scoreStride, rows: 0,
            columns: 16 * vectors, scratch: scratch.pointer),
          PrefetchPlan(nextPanel: panel, count: count, prefetchesA: true))
      }
      panel += count
    }
  }

  /// A block of weights [rows, count] of a weighted sum: at most `GEMMBlocking.mr` rows.
  struct Weights {
    let pointer: UnsafePointer<Float>
    /// Floats from one row to the next, and from one weight of a row to the next.
    let rowStride: Int, step: Int
    let rows: Int, count: Int
  }

  /// target [rows, headDim] = weights [rows, count] times vectors [count, headDim], or that added to the target.
  @inline(__always)
  func weightedSum(_ weights: Weights, of vectors: Matrix, into target: OutputMatrix, accumulates: Bool = false) {
    var column = 0
    while column < shape.headDim {
      let width = Swift.min(64, shape.headDim - column), to = target.pointer + column
      let path = ReductionPath(length: weights.count, aStep: weights.step, bStep: vectors.stride)
      let tile = TileTarget(
        pointer: to, stride: target.stride, rows: weights.rows, columns: width,
        addend: accumulates ? UnsafePointer(to) : nil, scratch: scratch.pointer)
      if weights.rowStride == 1 && weights.rows == GEMMBlocking.mr {
        microKernel(
          vectors: (width + 15) / 16, PackedPanelA(pointer: weights.pointer), vectors.pointer + column, path, tile)
      } else {
        microKernel(
          vectors: (width + 15) / 16, weights.pointer, stride: weights.rowStride, vectors.pointer + column, path, tile)
      }
      column += 64
    }
  }
}
