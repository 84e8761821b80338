import Glibc

/// Rows of queries, keys and values where they lie: `stride` floats from one row to the next, heads side by side.
private struct Rows {
  var pointer: UnsafePointer<Float>, stride: Int, perSample: Int

  /// One of `parts` equal pieces of the rows of a tensor [batch, rows, width].
  init(_ tensor: Tensor, part: Int = 0, of parts: Int = 1) {
    stride = tensor.shape[2]
    perSample = tensor.shape[1]
    pointer = UnsafePointer(tensor.buffer.pointer) + part * (stride / parts)
  }

  func head(_ sample: Int, _ head: Int, _ width: Int) -> UnsafePointer<Float> {
    pointer + sample * perSample * stride + head * width
  }
}

/// What one call of attention is about.
private struct Heads {
  var batch: Int, heads: Int, width: Int, queries: Int, keys: Int
  /// Query i sees the first visible[i] keys.
  var visible: [Int]
  var scale: Float { 1 / Float(width).squareRoot() }
  var cost: Int { queries * keys * (width / 4 + 8) }
}

extension Tensor {
  /// Scaled dot-product attention, softmax(Q K^T / sqrt(d)) V, head by head (Vaswani et al. 2017, arXiv 1706.03762).
  ///
  /// self: queries [batch, q, heads * d]; keys and values [batch, k, heads * d]; result [batch, q, heads * d].
  /// `visible[i]` is how many leading keys query i sees; nil: all. The matrix of shares is made head by head and never
  /// kept: the way back makes it again from one number a row (Dao et al. 2022, arXiv 2205.14135).
  public func attention(_ keys: Tensor, _ values: Tensor, heads: Int, visible: [Int]? = nil) -> Tensor {
    let width = shape[2]
    let plan = Tensor.plan(self, keys, heads: heads, visible: visible)
    precondition(keys.shape == values.shape && keys.shape[2] == width, "keys and values do not fit the queries")
    let (value, sums) = Tensor.attend(plan, Rows(self), Rows(keys), Rows(values), shape)
    return value.from([self, keys, values]) {
      [q = detached, k = keys.detached, v = values.detached] g in
      let to = [q, k, v].map { Buffer(count: $0.count) }
      Tensor.attendBack(
        plan, Rows(q), Rows(k), Rows(v), value, g, sums, to.map(\.pointer), stride: width)
      return Swift.zip(to, [q, k, v]).map { Tensor(shape: $1.shape, buffer: $0, node: nil) }
    }
  }

  /// The same where queries, keys and values lie side by side: self [batch, n, 3 * heads * d]; [batch, n, heads * d].
  public func selfAttention(heads: Int, visible: [Int]? = nil) -> Tensor {
    let (batch, n, width) = (shape[0], shape[1], shape[2] / 3)
    let outline = Tensor(shape: [batch, n, width], buffer: buffer, node: nil)  // the shape only
    let plan = Tensor.plan(outline, outline, heads: heads, visible: visible)
    let (value, sums) = Tensor.attend(
      plan, Rows(self, part: 0, of: 3), Rows(self, part: 1, of: 3), Rows(self, part: 2, of: 3), [batch, n, width])
    return value.from([self]) { [qkv = detached] g in
      let to = Buffer(count: qkv.count)
      Tensor.attendBack(
        plan, Rows(qkv, part: 0, of: 3), Rows(qkv, part: 1, of: 3), Rows(qkv, part: 2, of: 3), value, g, sums,
        (0..<3).map { to.pointer + $0 * width },
        stride: 3 * width)
      return [Tensor(shape: qkv.shape, buffer: to, node: nil)]
    }
  }

  private static func plan(_ queries: Tensor, _ keys: Tensor, heads: Int, visible: [Int]?) -> Heads {
    let (batch, q, width) = (queries.shape[0], queries.shape[1], queries.shape[2])
    precondition(heads > 0 && width % heads == 0, "\(width) channels do not divide into \(heads) heads")
    let k = keys.shape[1], visible = visible ?? Array(repeating: k, count: q)
    precondition(
      visible.count == q && visible.allSatisfy { (1...Swift.max(1, k)).contains($0) },
      "every query must see 1 to \(k) keys")
    return Heads(batch: batch, heads: heads, width: width / heads, queries: q, keys: k, visible: visible)
  }

  private static func attend(_ plan: Heads, _ q: Rows, _ k: Rows, _ v: Rows, _ shape: [Int]) -> (Tensor, Buffer) {
    let sums = Buffer(count: plan.batch * plan.heads * plan.queries), total = plan.heads * plan.width
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!
      parallel(plan.batch * plan.heads, cost: plan.cost) { range in
        withUnsafeTemporaryAllocation(byteCount: plan.queries * plan.keys * 4, alignment: 64) { scratch in
          let shares = scratch.baseAddress!.assumingMemoryBound(to: Float.self)
          for item in range {
            let (sample, head) = (item / plan.heads, item % plan.heads)
            serialProduct(
              plan.queries, plan.keys, plan.width, Matrix(pointer: q.head(sample, head, plan.width), stride: q.stride),
              Matrix(pointer: k.head(sample, head, plan.width), stride: k.stride, transposed: true), into: shares,
              stride: plan.keys, scale: plan.scale)
            for i in 0..<plan.queries {
              let row = shares + i * plan.keys
              sums.pointer[item * plan.queries + i] = softmaxRow(row, into: row, plan.visible[i])
              (row + plan.visible[i]).update(repeating: 0, count: plan.keys - plan.visible[i])
            }
            serialProduct(
              plan.queries, plan.width, plan.keys, Matrix(pointer: shares, stride: plan.keys),
              Matrix(pointer: v.head(sample, head, plan.width), stride: v.stride),
              into: target + sample * plan.queries * total + head * plan.width, stride: total)
          }
        }
      }
    }
    return (value, sums)
  }

  private static func attendBack(
    _ plan: Heads, _ q: Rows, _ k: Rows, _ v: Rows, _ value: Tensor, _ g: Tensor, _ sums: Buffer,
    _ to: [UnsafeMutablePointer<Float>], stride: Int
  ) {
    let total = plan.heads * plan.width, (n, m, d) = (plan.queries, plan.keys, plan.width)
    parallel(plan.batch * plan.heads, cost: 3 * plan.cost) { range in
      withUnsafeTemporaryAllocation(byteCount: 2 * n * m * 4 + 64, alignment: 64) { scratch in
        let shares = scratch.baseAddress!.assumingMemoryBound(to: Float.self), slopes = shares + n * m
        for item in range {
          let (sample, head) = (item / plan.heads, item % plan.heads)
          let query = Matrix(pointer: q.head(sample, head, d), stride: q.stride)
          let key = Matrix(pointer: k.head(sample, head, d), stride: k.stride)
          let worth = Matrix(pointer: v.head(sample, head, d), stride: v.stride, transposed: true)
          let offset = sample * n * total + head * d
          let gradient = Matrix(pointer: g.buffer.pointer + offset, stride: total)
          let result = value.buffer.pointer + offset
          // The shares once more: exp(q k / sqrt(d) - log of the sum).
          var transposedKey = key
          transposedKey.transposed = true
          serialProduct(n, m, d, query, transposedKey, into: shares, stride: m, scale: plan.scale)
          serialProduct(n, m, d, gradient, worth, into: slopes, stride: m)
          for i in 0..<n {
            let row = shares + i * m, slope = slopes + i * m, sum = sums.pointer[item * n + i], seen = plan.visible[i]
            let along = rowDot(gradient.pointer + i * total, result + i * total, d)
            var j = 0
            while j + 16 <= seen {
              let share = exp(row[lanes: j] - sum)
              row[lanes: j] = share
              slope[lanes: j] = share * (slope[lanes: j] - along)
              j += 16
            }
            while j < seen {
              row[j] = expf(row[j] - sum)
              slope[j] = row[j] * (slope[j] - along)
              j += 1
            }
            (row + seen).update(repeating: 0, count: m - seen)
            (slope + seen).update(repeating: 0, count: m - seen)
          }
          let from = { (rows: Int) in sample * rows * stride + head * d }
          serialProduct(
            n, d, m, Matrix(pointer: slopes, stride: m), key, into: to[0] + from(n), stride: stride, scale: plan.scale)
          serialProduct(
            m, d, n, Matrix(pointer: slopes, stride: m, transposed: true), query, into: to[1] + from(m), stride: stride,
            scale: plan.scale)
          serialProduct(
            m, d, n, Matrix(pointer: shares, stride: m, transposed: true), gradient, into: to[2] + from(m),
            stride: stride)
        }
      }
    }
  }
}
