/// Rows of queries, keys and values where they lie.
private struct Rows {
  /// Floats from one row to the next, from one head to the next, and from one sample to the next.
  var pointer: UnsafePointer<Float>, stride: Int, perHead: Int, perSample: Int

  /// One of `parts` equal pieces of the rows of a tensor [batch, rows, heads * width].
  init(_ tensor: Tensor, heads: Int, part: Int = 0, of parts: Int = 1) {
    stride = tensor.shape[2]
    perHead = stride / parts / heads
    perSample = tensor.shape[1] * stride
    pointer = UnsafePointer(tensor.buffer.pointer) + part * (stride / parts)
  }

  func head(_ sample: Int, _ head: Int) -> UnsafePointer<Float> { pointer + sample * perSample + head * perHead }
}

/// What one call of attention is about.
struct Heads {
  var batch: Int, heads: Int, width: Int, queries: Int, keys: Int
  /// Query i sees the first visible[i] keys.
  var visible: [Int]
  var scale: Float { 1 / Float(width).squareRoot() }
  /// Few queries share little: most of the time goes into reading keys and values.
  var cost: Int { queries * keys * (queries > 2 ? width / 8 + 4 : width + 16) }
  /// Keys rounded up to whole vectors of 16.
  var padded: Int { (keys + 15) / 16 * 16 }
  /// Queries rounded up to whole tiles.
  var lines: Int { (queries + GEMMBlocking.mr - 1) / GEMMBlocking.mr * GEMMBlocking.mr }
  /// Floats from one line of shares to the next: an odd number of cache lines, or those of a column would share few places
  /// in the cache.
  var apart: Int { (padded / 16 | 1) * 16 }
  /// Lines of shares in so many floats, cut as evenly as whole tiles allow.
  func block(floats: Int) -> Int {
    let most = Swift.max(1, floats / (apart * GEMMBlocking.mr)), tiles = lines / GEMMBlocking.mr
    let parts = Swift.max(1, (tiles + most - 1) / most)
    return Swift.max(1, (tiles + parts - 1) / parts) * GEMMBlocking.mr
  }
  /// How many keys the queries of a tile see at most.
  func seen(_ query: Int) -> Int {
    var most = 0
    for i in query..<Swift.min(queries, query + GEMMBlocking.mr) { most = Swift.max(most, visible[i]) }
    return most
  }
}

extension Tensor {
  /// Scaled dot-product attention, softmax(Q K^T / sqrt(d)) V, head by head (Vaswani et al. 2017, arXiv 1706.03762).
  ///
  /// self: queries [batch, q, heads * d]; keys and values [batch, k, heads * d]; result [batch, q, heads * d].
  /// `visible[i]` is how many leading keys query i sees; nil: all. The matrix of shares is made head by head and never
  /// kept: the way back makes it again from one number a row (Dao et al. 2022, arXiv 2205.14135).
  public func attention(_ keys: Tensor, _ values: Tensor, heads: Int, visible: [Int]? = nil) -> Tensor {
    let width = shape[2]
    let plan = Tensor.plan(shape, keys: keys.shape[1], heads: heads, visible: visible)
    precondition(
      keys.shape == values.shape && keys.shape == [shape[0], plan.keys, width],
      "keys and values of shapes \(keys.shape) and \(values.shape) do not fit queries of shape \(shape)")
    let (value, sums) = Tensor.attend(
      plan, Rows(self, heads: heads), Rows(keys, heads: heads), Rows(values, heads: heads), shape)
    return value.recorded(inputs: [self, keys, values]) {
      [q = detached, k = keys.detached, v = values.detached] g in
      let to = [q, k, v].map { Buffer(count: $0.count) }
      Tensor.attendBack(
        plan, Rows(q, heads: heads), Rows(k, heads: heads), Rows(v, heads: heads), value, g, sums, to.map(\.pointer),
        stride: width)
      return Swift.zip(to, [q, k, v]).map { Tensor(shape: $1.shape, buffer: $0, node: nil) }
    }
  }

  /// Scaled dot-product attention of queries, keys and values that lie side by side: self [batch, n, 3 * heads * d],
  /// result [batch, n, heads * d].
  ///
  /// With `rotary` angles queries and keys are rotated first, as `rotated(by:heads:)` does, head by head in the kernel's
  /// workspace: the rotated ones never lie in memory as a whole.
  public func selfAttention(heads: Int, visible: [Int]? = nil, rotary: RotaryAngles? = nil) -> Tensor {
    let (batch, n, width) = (shape[0], shape[1], shape[2] / 3)
    if let rotary, !usesMicroKernels || n <= 2 {
      return rotated(by: rotary, heads: 3 * heads, rotatedHeads: 2 * heads)
        .selfAttention(heads: heads, visible: visible)
    }
    let plan = Tensor.plan([batch, n, width], keys: n, heads: heads, visible: visible)
    precondition(
      rotary.map { $0.cosines.shape == [batch, n, plan.width / 2] && plan.width % 2 == 0 } ?? true,
      "angles of shape \(rotary?.cosines.shape ?? []) do not rotate \(heads) heads of width \(plan.width) in \(n) rows")
    @Sendable func rotation(_ sample: Int) -> HeadRotation? { rotary.map { $0.sample(sample) } }
    let (value, sums) = Tensor.attend(
      plan, Rows(self, heads: heads, part: 0, of: 3), Rows(self, heads: heads, part: 1, of: 3),
      Rows(self, heads: heads, part: 2, of: 3), [batch, n, width], rotation)
    return value.recorded(inputs: [self]) { [qkv = detached] g in
      let to = Buffer(count: qkv.count)
      Tensor.attendBack(
        plan, Rows(qkv, heads: heads, part: 0, of: 3), Rows(qkv, heads: heads, part: 1, of: 3),
        Rows(qkv, heads: heads, part: 2, of: 3), value, g, sums,
        (0..<3).map { to.pointer + $0 * width },
        stride: 3 * width, rotation)
      return [Tensor(shape: qkv.shape, buffer: to, node: nil)]
    }
  }

  /// For queries [batch, q, heads * d].
  static func plan(_ queries: [Int], keys k: Int, heads: Int, visible: [Int]?) -> Heads {
    let (batch, q, width) = (queries[0], queries[1], queries[2])
    precondition(heads > 0 && width % heads == 0, "\(width) channels do not divide into \(heads) heads")
    let visible = visible ?? Array(repeating: k, count: q)
    precondition(
      visible.count == q && visible.allSatisfy { $0 >= 1 && $0 <= k },
      "every query must see 1 to \(k) keys")
    return Heads(batch: batch, heads: heads, width: width / heads, queries: q, keys: k, visible: visible)
  }

  private static func attend(
    _ plan: Heads, _ q: Rows, _ k: Rows, _ v: Rows, _ shape: [Int], _ angles: (Int) -> HeadRotation? = { _ in nil }
  ) -> (Tensor, Buffer) {
    let sums = Buffer(count: plan.batch * plan.heads * plan.queries), total = plan.heads * plan.width
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!
      parallel(plan.batch * plan.heads, cost: plan.cost) { range in
        let bench = HeadBench(plan, isTraining: false)
        for item in range {
          let (sample, head) = (item / plan.heads, item % plan.heads)
          bench.hasNext = head + 1 < plan.heads
          bench.attend(
            Matrix(pointer: q.head(sample, head), stride: q.stride),
            Matrix(pointer: k.head(sample, head), stride: k.stride),
            Matrix(pointer: v.head(sample, head), stride: v.stride), turnedBy: angles(sample),
            into: target + sample * plan.queries * total + head * plan.width, stride: total,
            sums: sums.pointer + item * plan.queries)
        }
      }
    }
    return (value, sums)
  }

  private static func attendBack(
    _ plan: Heads, _ q: Rows, _ k: Rows, _ v: Rows, _ value: Tensor, _ g: Tensor, _ sums: Buffer,
    _ to: [UnsafeMutablePointer<Float>], stride: Int, _ angles: (Int) -> HeadRotation? = { _ in nil }
  ) {
    let total = plan.heads * plan.width, (n, m, d) = (plan.queries, plan.keys, plan.width)
    parallel(plan.batch * plan.heads, cost: 3 * plan.cost) { range in
      let bench = HeadBench(plan, isTraining: true)
      for item in range {
        let (sample, head) = (item / plan.heads, item % plan.heads), offset = sample * n * total + head * d
        bench.hasNext = head + 1 < plan.heads
        bench.back(
          Matrix(pointer: q.head(sample, head), stride: q.stride),
          Matrix(pointer: k.head(sample, head), stride: k.stride),
          Matrix(pointer: v.head(sample, head), stride: v.stride), turnedBy: angles(sample),
          gradient: Matrix(pointer: g.buffer.pointer + offset, stride: total),
          result: Matrix(pointer: value.buffer.pointer + offset, stride: total), sums: sums.pointer + item * n,
          into: (
            to[0] + sample * n * stride + head * d, to[1] + sample * m * stride + head * d,
            to[2] + sample * m * stride + head * d
          ), stride: stride)
      }
    }
  }
}
