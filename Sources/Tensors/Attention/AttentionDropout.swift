extension Tensor {
  /// Attention some of whose shares are dropped after the softmax, the rest scaled up, as `factors` say: numbers
  /// [batch, heads, q, k] that shares are multiplied by (Vaswani et al. 2017, arXiv 1706.03762, section 5.4).
  ///
  /// self: queries [batch, q, heads * d]; keys and values [batch, k, heads * d]; result [batch, q, heads * d]. All
  /// shares are kept for the way back: a plain form for training with dropout only.
  public func attention(
    _ keys: Tensor, _ values: Tensor, heads: Int, visible: [Int]? = nil, dropoutMask factors: Tensor
  ) -> Tensor {
    let (batch, q, k, width) = (shape[0], shape[1], keys.shape[1], shape[2]), d = width / heads
    precondition(keys.shape == values.shape && keys.shape[2] == width, "keys and values do not fit the queries")
    precondition(
      factors.shape == [batch, heads, q, k],
      "factors of shape \(factors.shape) are not [\(batch), \(heads), \(q), \(k)]"
    )
    let seen = visible ?? Array(repeating: k, count: q), scale = 1 / Float(d).squareRoot()
    @Sendable func matrix(_ x: Tensor, _ item: Int, _ rows: Int, _ transposed: Bool = false) -> Matrix {
      Matrix(
        pointer: UnsafePointer(x.buffer.pointer) + item / heads * rows * width + item % heads * d, stride: width,
        transposed: transposed)
    }
    let shares = Buffer(count: batch * heads * q * k)
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!, shares = shares.pointer
      parallel(batch * heads, cost: q * k * (d / 4 + 8)) { range in
        withUnsafeTemporaryAllocation(of: Float.self, capacity: q * k) { scratch in
          let kept = scratch.baseAddress!
          for item in range {
            let share = shares + item * q * k, factor = factors.buffer.pointer + item * q * k
            gemm(
              GEMMShape(m: q, n: k, k: d), alpha: scale, matrix(self, item, q), matrix(keys, item, k, true),
              into: OutputMatrix(pointer: share, stride: k))
            for i in 0..<q {
              let row = share + i * k
              _ = softmaxRow(row, into: row, seen[i])
              (row + seen[i]).update(repeating: 0, count: k - seen[i])
              for j in 0..<k { kept[i * k + j] = row[j] * factor[i * k + j] }
            }
            gemm(
              GEMMShape(m: q, n: d, k: k), Matrix(pointer: kept, stride: k), matrix(values, item, k),
              into: OutputMatrix(pointer: target + item / heads * q * width + item % heads * d, stride: width))
          }
        }
      }
    }
    return value.recorded(inputs: [self, keys, values]) {
      [queries = detached, keys = keys.detached, values = values.detached, factors = factors.detached] g in
      let to = [queries, keys, values].map { Buffer(count: $0.count) }
      parallel(batch * heads, cost: 3 * q * k * (d / 4 + 8)) { range in
        withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * q * k) { scratch in
          let slope = scratch.baseAddress!, kept = slope + q * k
          for item in range {
            let share = shares.pointer + item * q * k, factor = factors.buffer.pointer + item * q * k
            gemm(
              GEMMShape(m: q, n: k, k: d), matrix(g, item, q), matrix(values, item, k, true),
              into: OutputMatrix(pointer: slope, stride: k))
            for i in 0..<q {
              var along: Float = 0
              for j in i * k..<(i + 1) * k {
                kept[j] = share[j] * factor[j]
                slope[j] *= factor[j]
                along += slope[j] * share[j]
              }
              for j in i * k..<(i + 1) * k { slope[j] = share[j] * (slope[j] - along) }
            }
            let at = { (rows: Int) in item / heads * rows * width + item % heads * d }
            gemm(
              GEMMShape(m: q, n: d, k: k), alpha: scale, Matrix(pointer: slope, stride: k), matrix(keys, item, k),
              into: OutputMatrix(pointer: to[0].pointer + at(q), stride: width))
            gemm(
              GEMMShape(m: k, n: d, k: q), alpha: scale, Matrix(pointer: slope, stride: k, transposed: true),
              matrix(queries, item, q), into: OutputMatrix(pointer: to[1].pointer + at(k), stride: width))
            gemm(
              GEMMShape(m: k, n: d, k: q), Matrix(pointer: kept, stride: k, transposed: true), matrix(g, item, q),
              into: OutputMatrix(pointer: to[2].pointer + at(k), stride: width))
          }
        }
      }
      return Swift.zip(to, [queries, keys, values]).map { Tensor(shape: $1.shape, buffer: $0, node: nil) }
    }
  }
}
