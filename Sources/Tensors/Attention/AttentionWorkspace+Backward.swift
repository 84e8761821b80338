extension AttentionWorkspace {
  /// The gradients of queries, keys and values of one head (FlashAttention-2; Dao 2023, arXiv 2307.08691, algorithm 2).
  ///
  /// With S = Q K^T / sqrt(d), P = softmax(S) and O = P V:
  ///   P = exp(S - logSumExp), dP = dO V^T, delta = rowsum(dO * O), dS = P * (dP - delta),
  ///   dQ = dS K / sqrt(d), dK = dS^T Q / sqrt(d), dV = P^T dO.
  /// Differs: queries are the outer loop and keys are not cut, so that dQ is complete after each block and dK and dV
  /// accumulate over blocks. Gradients of what was rotated are rotated by the opposite angles.
  func backward(
    _ head: HeadInputs, output: Matrix, outputGradient: Matrix, logSumExp: UnsafePointer<Float>,
    into gradients: HeadGradients, prefetchNextHead: Bool
  ) {
    let (n, m, d) = (shape.queries, shape.keys, shape.headDim)
    Profile.shared.multiplied(5 * n, m, d)
    let q = copied(head.queries, count: n, head.rotation, into: queries)
    let k = copied(head.keys, count: m, head.rotation, into: keys)
    let g = copied(outputGradient, count: n, nil, into: values)
    // delta = rowsum(dO * O) equals rowsum(dP * P), at the cost of headDim in place of keys multiplications.
    let delta = delta
    for i in 0..<n { delta[i] = rowDot(g.pointer + i * g.stride, output.pointer + i * output.stride, d) }
    if usesMicroKernels {
      pack(k.transposed, rows: 0..<d, columns: 0..<m, into: packedKeys.pointer)
      pack(head.values.transposed, rows: 0..<d, columns: 0..<m, into: packedValues.pointer)
    }
    for first in Swift.stride(from: 0, to: n, by: queryBlock) {
      let rows = first..<Swift.min(n, first + queryBlock)
      // S = Q K^T and dP = dO V^T of a block of queries [block, keys].
      if usesMicroKernels {
        multiply(rows, of: q, packedKeys, into: probabilities.pointer)
        multiply(rows, of: g, packedValues, into: scoreGradients.pointer)
      } else {
        gemmScores(q, k, g, head.values)
      }
      for i in rows {
        if prefetchNextHead {
          self.prefetchNextHead(head.queries, row: i, count: n)
          self.prefetchNextHead(head.keys, row: i, count: m)
          self.prefetchNextHead(head.values, row: i, count: m)
          self.prefetchNextHead(outputGradient, row: i, count: n)
          self.prefetchNextHead(output, row: i, count: n)
        }
        differentiateSoftmax(query: i, offset: (i - first) * shape.scoreStride, logSumExp: logSumExp[i])
      }
      if usesMicroKernels {
        accumulate(rows, q, k, g, into: gradients)
      } else {
        gemmGradients(q, k, g, into: gradients)
      }
    }
    if let inverse = head.rotation?.inverse { rotate(gradients, by: inverse) }
  }

  /// Rotates the gradients of queries and keys in place.
  private func rotate(_ gradients: HeadGradients, by rotation: HeadRotation) {
    let stride = gradients.stride
    for row in 0..<shape.queries {
      let gradient = gradients.queries + row * stride
      rotation.rotate(gradient, into: gradient, row: row, headDim: shape.headDim)
    }
    for row in 0..<shape.keys {
      let gradient = gradients.keys + row * stride
      rotation.rotate(gradient, into: gradient, row: row, headDim: shape.headDim)
    }
  }

  /// Turns the scores of one query into P = exp(S - logSumExp), and dP into dS = P * (dP - delta) / sqrt(headDim).
  ///
  /// `offset` is that of the query's row in `probabilities` and `scoreGradients`. Keys that the query does not see
  /// get zeros.
  @inline(__always)
  private func differentiateSoftmax(query: Int, offset: Int, logSumExp: Float) {
    let p = probabilities.pointer + offset, ds = scoreGradients.pointer + offset, visible = shape.visible[query]
    let delta = delta[query], scale = shape.scale
    var key = 0
    while key < visible {
      let probability = exp(p[vector: key] * scale - logSumExp)
      p[vector: key] = probability
      ds[vector: key] = probability * (ds[vector: key] - delta) * scale
      key &+= 16
    }
    if visible < shape.paddedKeys {
      (p + visible).update(repeating: 0, count: shape.paddedKeys - visible)
      (ds + visible).update(repeating: 0, count: shape.paddedKeys - visible)
    }
  }

  /// dQ of some queries, and what they add to dK and dV.
  private func accumulate(_ rows: Range<Int>, _ q: Matrix, _ k: Matrix, _ g: Matrix, into gradients: HeadGradients) {
    let (n, m, mr, scoreStride) = (shape.queries, shape.keys, GEMMBlocking.mr, shape.scoreStride)
    let p = probabilities.pointer, ds = scoreGradients.pointer, stride = gradients.stride
    func output(_ pointer: UnsafeMutablePointer<Float>, _ row: Int) -> OutputMatrix {
      OutputMatrix(pointer: pointer + row * stride, stride: stride)
    }
    // dQ [queries, headDim] = dS [queries, keys] K.
    for row in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: mr) {
      let weights = Weights(
        pointer: ds + (row - rows.lowerBound) * scoreStride, rowStride: scoreStride, step: 1,
        rows: Swift.min(mr, n - row), count: visibleKeys[row / mr])
      weightedSum(weights, of: k, into: output(gradients.queries, row))
    }
    // dK [keys, headDim] += dS^T [keys, queries] Q, dV += P^T dO.
    for row in Swift.stride(from: 0, to: m, by: mr) {
      let count = Swift.min(mr, m - row)
      // Queries before the first that sees these keys contribute nothing.
      let earliest = firstQueries[row / mr], from = Swift.max(rows.lowerBound, earliest)
      if earliest >= n && rows.lowerBound == 0 {
        for key in row..<row + count {
          (gradients.keys + key * stride).update(repeating: 0, count: shape.headDim)
          (gradients.values + key * stride).update(repeating: 0, count: shape.headDim)
        }
      }
      guard from < rows.upperBound else { continue }
      let offset = (from - rows.lowerBound) * scoreStride + row, length = rows.upperBound - from
      let accumulates = earliest < rows.lowerBound
      func transposed(_ pointer: UnsafePointer<Float>) -> Weights {
        Weights(pointer: pointer + offset, rowStride: 1, step: scoreStride, rows: count, count: length)
      }
      func rest(_ matrix: Matrix) -> Matrix {
        Matrix(pointer: matrix.pointer + from * matrix.stride, stride: matrix.stride)
      }
      weightedSum(transposed(ds), of: rest(q), into: output(gradients.keys, row), accumulates: accumulates)
      weightedSum(transposed(p), of: rest(g), into: output(gradients.values, row), accumulates: accumulates)
    }
  }

  /// S = Q K^T and dP = dO V^T of all queries by the BLAS library.
  private func gemmScores(_ q: Matrix, _ k: Matrix, _ g: Matrix, _ v: Matrix) {
    let product = GEMMShape(m: shape.queries, n: shape.keys, k: shape.headDim)
    gemm(product, q, k.transposed, into: OutputMatrix(pointer: probabilities.pointer, stride: shape.scoreStride))
    gemm(product, g, v.transposed, into: OutputMatrix(pointer: scoreGradients.pointer, stride: shape.scoreStride))
  }

  /// dQ = dS K, dK = dS^T Q and dV = P^T dO of all queries by the BLAS library.
  private func gemmGradients(_ q: Matrix, _ k: Matrix, _ g: Matrix, into gradients: HeadGradients) {
    let (n, m, d) = (shape.queries, shape.keys, shape.headDim), stride = gradients.stride
    let ds = Matrix(pointer: scoreGradients.pointer, stride: shape.scoreStride)
    let p = Matrix(pointer: probabilities.pointer, stride: shape.scoreStride)
    gemm(GEMMShape(m: n, n: d, k: m), ds, k, into: OutputMatrix(pointer: gradients.queries, stride: stride))
    gemm(GEMMShape(m: m, n: d, k: n), ds.transposed, q, into: OutputMatrix(pointer: gradients.keys, stride: stride))
    gemm(GEMMShape(m: m, n: d, k: n), p.transposed, g, into: OutputMatrix(pointer: gradients.values, stride: stride))
  }
}
