import COpenBLAS
import Glibc

extension AttentionWorkspace {
  /// O = softmax(Q K^T / sqrt(headDim)) V of one head [queries, headDim], and for each query the logarithm of the sum
  /// of exponentials of its scores [queries].
  ///
  /// The softmax is not applied to P but to the result: O = (e^(S - max) V) / rowsum(e^(S - max)), since a row of O is
  /// shorter than one of P. `prefetchNextHead`: a further head of the same sample lies behind this one.
  func forward(
    _ head: HeadInputs, into target: OutputMatrix, logSumExp: UnsafeMutablePointer<Float>,
    prefetchNextHead: Bool = false
  ) {
    let (n, m, d) = (shape.queries, shape.keys, shape.headDim)
    guard usesMicroKernels && n > 2 else {
      return attendRowByRow(head, into: target, logSumExp: logSumExp)
    }
    Profile.shared.multiplied(2 * n, m, d)
    // Only what is rotated, or read often with a long stride, is copied.
    let q = head.rotation.map { copied(head.queries, count: n, $0, into: queries) } ?? head.queries
    let k = head.rotation.map { copied(head.keys, count: m, $0, into: keys) } ?? head.keys
    let v = head.values.stride == paddedHeadDim ? head.values : copied(head.values, count: m, nil, into: values)
    pack(k.transposed, rows: 0..<d, columns: 0..<m, into: packedKeys.pointer)
    for first in Swift.stride(from: 0, to: n, by: queryBlock) {
      let rows = first..<Swift.min(n, first + queryBlock)
      // S = Q K^T of a block of queries [block, keys].
      multiply(rows, of: q, packedKeys, into: probabilities.pointer)
      exponentiateScores(rows) { row in
        guard prefetchNextHead else { return }
        self.prefetchNextHead(head.queries, row: row, count: n)
        self.prefetchNextHead(head.keys, row: row, count: m)
        self.prefetchNextHead(head.values, row: row, count: m)
      }
      // O = e^(S - max) V, a tile of queries at a time, over the keys that the tile sees.
      for row in Swift.stride(from: first, to: rows.upperBound, by: GEMMBlocking.mr) {
        let weights = Weights(
          pointer: probabilities.pointer + (row - first) * shape.scoreStride, rowStride: shape.scoreStride, step: 1,
          rows: Swift.min(GEMMBlocking.mr, n - row), count: visibleKeys[row / GEMMBlocking.mr])
        weightedSum(
          weights, of: v, into: OutputMatrix(pointer: target.pointer + row * target.stride, stride: target.stride))
      }
      for row in rows { logSumExp[row] = normalize(target.pointer + row * target.stride, row - first) }
    }
  }

  /// Replaces the scores of some queries by e^(scale * score - maximum), zeros for keys that are not seen.
  ///
  /// First all maxima, then all exponentials: while the reduction of one row waits, those of others proceed.
  /// `interleaved` runs once for each query in between.
  @inline(__always)
  private func exponentiateScores(_ rows: Range<Int>, _ interleaved: (Int) -> Void) {
    let maxima = rowMaxima, sums = rowSums, scale = shape.scale
    for (i, query) in rows.enumerated() {
      let row = probabilities.pointer + i * shape.scoreStride, count = paddedVisibleKeys(query)
      for key in shape.visible[query]..<count { row[key] = -.infinity }
      maxima[i] = rowMax(row, count) * scale
    }
    for (i, query) in rows.enumerated() {
      let row = probabilities.pointer + i * shape.scoreStride, maximum = maxima[i], count = paddedVisibleKeys(query)
      var total = Vector16(repeating: 0), key = 0
      interleaved(query)
      while key < count {
        let e = expBounded(row[vector: key] * scale - maximum)
        row[vector: key] = e
        total += e
        key &+= 16
      }
      sums[vector: 16 * i] = total
    }
  }

  /// The keys that the tile of a query sees, rounded up to whole vectors.
  private func paddedVisibleKeys(_ query: Int) -> Int { (visibleKeys[query / GEMMBlocking.mr] + 15) / 16 * 16 }

  /// Divides a row of the output by the sum of exponentials of row `i` of the block; returns the logarithm of the sum
  /// of exponentials of the scores themselves, maximum + log(sum).
  private func normalize(_ row: UnsafeMutablePointer<Float>, _ i: Int) -> Float {
    let sum = overtone_reduce_add(rowSums[vector: 16 * i]), factor = 1 / sum
    for column in Swift.stride(from: 0, to: shape.headDim, by: 16) {
      row.store(row.vector(column, of: shape.headDim) * factor, column, of: shape.headDim)
    }
    return rowMaxima[i] + logf(sum)
  }

  /// The forward pass for one or two queries, or without wide registers: row by row, without packing.
  private func attendRowByRow(_ head: HeadInputs, into target: OutputMatrix, logSumExp: UnsafeMutablePointer<Float>) {
    let (n, d) = (shape.queries, shape.headDim), keys = head.keys
    Profile.shared.multiplied(2 * n, shape.keys, d)
    for i in 0..<n {
      let row = probabilities.pointer, visible = shape.visible[i], q = head.queries.pointer + i * head.queries.stride
      var j = 0
      while j < visible {
        row[j] = rowDot(q, keys.pointer + j * keys.stride, d)
        j += 1
      }
      logSumExp[i] = softmaxRow(row, visible, of: visible, scale: shape.scale)
      weightedSum(row, visible, of: head.values, into: target.pointer + i * target.stride)
    }
  }

  /// The sum of the first `count` rows of a matrix [count, headDim], each times its weight.
  private func weightedSum(
    _ weights: UnsafePointer<Float>, _ count: Int, of rows: Matrix, into target: UnsafeMutablePointer<Float>
  ) {
    for column in Swift.stride(from: 0, to: shape.headDim, by: 16) {
      var sum = Vector16(repeating: 0)
      for j in 0..<count {
        let row = rows.pointer + (j &* rows.stride &+ column)
        sum = multiplyAdd(row.vector(0, of: shape.headDim &- column), Vector16(repeating: weights[j]), sum)
      }
      target.store(sum, column, of: shape.headDim)
    }
  }
}
