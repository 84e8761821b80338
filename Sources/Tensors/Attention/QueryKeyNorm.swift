import COpenBLAS

extension Tensor {
  /// Divides each query and key of each head by its norm and multiplies queries by a factor of their head; values stay.
  ///
  /// self: queries, keys and values side by side [..., 3 * heads * d], result of the same shape; queryScales [heads].
  /// Norms below `epsilon` count as `epsilon`. Cosine attention, as VAR has it (Tian et al. 2024, arXiv 2404.02905).
  public func queryKeyNormalized(queryScales: Tensor, epsilon: Float = 1e-12) -> Tensor {
    let stride = shape.last ?? 0, heads = queryScales.count, headDim = stride / Swift.max(1, 3 * heads)
    precondition(
      queryScales.shape == [heads] && heads > 0 && headDim * 3 * heads == stride,
      "query scales of shape \(queryScales.shape) do not fit heads in rows of shape \(shape)")
    let norm = QueryKeyNorm(
      rows: count / Swift.max(1, stride), heads: heads, headDim: headDim, scales: queryScales.detached)
    let (value, inverseNorms) = norm.forward(self, epsilon: epsilon)
    return value.recorded(inputs: [self, queryScales]) { [value = value.detached] g in
      norm.backward(g, value, inverseNorms)
    }
  }
}

/// The rows [rows, 3, heads, headDim] of queries, keys and values, of which the first two parts are normalized.
private struct QueryKeyNorm: Sendable {
  let rows: Int, heads: Int, headDim: Int
  /// [heads]
  let scales: Tensor

  /// Floats of a row.
  private var stride: Int { 3 * heads * headDim }

  /// The normalized rows, and the inverse norm of each query and key [rows, 2 heads]: negative where the norm was below
  /// epsilon, since the result then does not depend on it.
  func forward(_ inp: Tensor, epsilon: Float) -> (out: Tensor, inverseNorms: Buffer) {
    let inverseNorms = Buffer(count: rows * 2 * heads), source = UnsafePointer(inp.buffer.pointer)
    let value = Tensor(unfilled: inp.shape) { target in
      let target = target.baseAddress!, scales = scales.buffer.pointer
      parallel(rows, cost: stride) { range in
        for row in range {
          let x = source + row &* stride, y = target + row &* stride
          let inverseNorm = inverseNorms.pointer + row &* 2 &* heads
          for head in 0..<2 &* heads {
            let offset = head &* headDim, norm = rowSum(x + offset, headDim) { $0 * $0 }.squareRoot()
            inverseNorm[head] = norm < epsilon ? -1 / epsilon : 1 / norm
            let scale = abs(inverseNorm[head]) * (head < heads ? scales[head] : 1)
            var i = 0
            while i < headDim {
              (y + offset).store(x[vector: offset &+ i] * scale, i, of: headDim)
              i &+= 16
            }
          }
          // Values.
          let rest = 2 &* heads &* headDim
          (y + rest).update(from: x + rest, count: heads &* headDim)
        }
      }
    }
    return (value, inverseNorms)
  }

  /// The gradients of the rows and of the scales.
  ///
  /// y = s u with u = x / |x|, so that dx = (g - u (u g)) s / |x| = (g - y (y g) / s^2) s / |x|,
  /// and ds = u g = (y g) / s.
  func backward(_ g: Tensor, _ out: Tensor, _ inverseNorms: Buffer) -> [Tensor?] {
    let parts = Swift.max(1, Swift.min(16, rows / 64)), rowsPerPart = (rows + parts - 1) / parts
    // The gradient of the scales, summed over the rows of each part, then over the parts in order.
    let sums = Tensor(zeros: [parts, heads])
    let dinp = Tensor(unfilled: out.shape) { target in
      let target = target.baseAddress!, y = UnsafePointer(out.buffer.pointer), g = UnsafePointer(g.buffer.pointer)
      parallel(parts, cost: rowsPerPart * 2 * stride) { range in
        for part in range {
          for row in Swift.min(rows, part * rowsPerPart)..<Swift.min(rows, (part + 1) * rowsPerPart) {
            let o = row &* stride, inverseNorm = inverseNorms.pointer + row &* 2 &* heads
            for head in 0..<2 &* heads {
              let offset = o &+ head &* headDim, scale = head < heads ? scales.buffer.pointer[head] : 1
              let dot = rowDot(y + offset, g + offset, headDim), factor = abs(inverseNorm[head]) * scale
              if head < heads { sums.buffer.pointer[part &* heads &+ head] += scale == 0 ? 0 : dot / scale }
              let projection = inverseNorm[head] < 0 || scale == 0 ? 0 : dot / (scale * scale)
              var i = 0
              while i < headDim {
                let gradient = g[vector: offset &+ i] - y[vector: offset &+ i] * projection
                (target + offset).store(gradient * factor, i, of: headDim)
                i &+= 16
              }
            }
            let rest = o &+ 2 &* heads &* headDim
            (target + rest).update(from: g + rest, count: heads &* headDim)
          }
        }
      }
    }
    return [dinp, sums.columnSums(width: heads)]
  }
}
