import Glibc
import COpenBLAS

/// Rows of queries, keys and values where they lie.
private struct Rows {
  /// Floats from one row to the next, from one head to the next, and from one sample to the next.
  var pointer: UnsafePointer<Float>, stride: Int, perHead: Int, perSample: Int

  /// One of `parts` equal pieces of the rows of a tensor [batch, rows, heads * width], or [batch, heads, rows, width].
  init(_ tensor: Tensor, heads: Int, part: Int = 0, of parts: Int = 1) {
    let shape = tensor.shape
    stride = shape[shape.count - 1]
    perHead = shape.count == 4 ? shape[2] * stride : stride / parts / heads
    perSample = shape[1] * (shape.count == 4 ? perHead : stride)
    pointer = UnsafePointer(tensor.buffer.pointer) + part * (stride / parts)
  }

  func head(_ sample: Int, _ head: Int) -> UnsafePointer<Float> { pointer + sample * perSample + head * perHead }

  /// Asks for the first rows of a head ahead of time, where they lie one behind the other.
  @inline(__always)
  func prefetch(_ place: (sample: Int, head: Int), rows: Int, width: Int) {
    if stride == width { overtone_prefetch(head(place.sample, place.head), rows * width) }
  }
}

/// What one call of attention is about.
private struct Heads {
  var batch: Int, heads: Int, width: Int, queries: Int, keys: Int
  /// Query i sees the first visible[i] keys.
  var visible: [Int]
  var scale: Float { 1 / Float(width).squareRoot() }
  /// Few queries share little: most of the time goes into reading keys and values.
  var cost: Int { queries * keys * (queries > 2 ? width / 8 + 4 : width + 16) }
  /// Keys rounded up to whole lanes.
  var padded: Int { (keys + 15) / 16 * 16 }
  /// Queries rounded up to whole tiles.
  var lines: Int { (queries + TileRows.count - 1) / TileRows.count * TileRows.count }
  /// How many keys the queries of a tile see at most.
  func seen(_ query: Int) -> Int {
    var most = 0
    for i in query..<Swift.min(queries, query + TileRows.count) { most = Swift.max(most, visible[i]) }
    return most
  }
}

extension Tensor {
  /// Scaled dot-product attention, softmax(Q K^T / sqrt(d)) V, head by head (Vaswani et al. 2017, arXiv 1706.03762).
  ///
  /// self: queries [batch, q, heads * d]; keys and values [batch, k, heads * d], or as `RowStorage` has them,
  /// [batch, heads, k, d], through which no gradient flows; result [batch, q, heads * d].
  /// `visible[i]` is how many leading keys query i sees; nil: all. The matrix of shares is made head by head and never
  /// kept: the way back makes it again from one number a row (Dao et al. 2022, arXiv 2205.14135).
  public func attention(_ keys: Tensor, _ values: Tensor, heads: Int, visible: [Int]? = nil) -> Tensor {
    let width = shape[2]
    let plan = Tensor.plan(self, keys, heads: heads, visible: visible)
    let fitting = [[shape[0], plan.keys, width], [shape[0], heads, plan.keys, plan.width]]
    precondition(keys.shape == values.shape && fitting.contains(keys.shape), "keys and values do not fit the queries")
    let isStored = keys.shape.count == 4
    let (value, sums) = Tensor.attend(
      plan, Rows(self, heads: heads), Rows(keys, heads: heads), Rows(values, heads: heads), shape)
    return value.from(isStored ? [] : [self, keys, values]) {
      [q = detached, k = keys.detached, v = values.detached] g in
      let to = [q, k, v].map { Buffer(count: $0.count) }
      Tensor.attendBack(
        plan, Rows(q, heads: heads), Rows(k, heads: heads), Rows(v, heads: heads), value, g, sums, to.map(\.pointer),
        stride: width)
      return Swift.zip(to, [q, k, v]).map { Tensor(shape: $1.shape, buffer: $0, node: nil) }
    }
  }

  /// The same where queries, keys and values lie side by side: self [batch, n, 3 * heads * d]; [batch, n, heads * d].
  public func selfAttention(heads: Int, visible: [Int]? = nil) -> Tensor {
    let (batch, n, width) = (shape[0], shape[1], shape[2] / 3)
    let outline = Tensor(shape: [batch, n, width], buffer: buffer, node: nil)  // the shape only
    let plan = Tensor.plan(outline, outline, heads: heads, visible: visible)
    let (value, sums) = Tensor.attend(
      plan, Rows(self, heads: heads, part: 0, of: 3), Rows(self, heads: heads, part: 1, of: 3),
      Rows(self, heads: heads, part: 2, of: 3), [batch, n, width])
    return value.from([self]) { [qkv = detached] g in
      let to = Buffer(count: qkv.count)
      Tensor.attendBack(
        plan, Rows(qkv, heads: heads, part: 0, of: 3), Rows(qkv, heads: heads, part: 1, of: 3),
        Rows(qkv, heads: heads, part: 2, of: 3), value, g, sums,
        (0..<3).map { to.pointer + $0 * width },
        stride: 3 * width)
      return [Tensor(shape: qkv.shape, buffer: to, node: nil)]
    }
  }

  private static func plan(_ queries: Tensor, _ keys: Tensor, heads: Int, visible: [Int]?) -> Heads {
    let (batch, q, width) = (queries.shape[0], queries.shape[1], queries.shape[2])
    precondition(heads > 0 && width % heads == 0, "\(width) channels do not divide into \(heads) heads")
    let k = keys.shape[keys.shape.count - 2], visible = visible ?? Array(repeating: k, count: q)
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
        let bench = HeadBench(plan, isTraining: false)
        for item in range {
          let (sample, head) = (item / plan.heads, item % plan.heads)
          if plan.queries <= 2, item &+ 1 < range.upperBound {
            // One query reads so little of each head that the memory's own foresight comes too late.
            let next = ((item &+ 1) / plan.heads, (item &+ 1) % plan.heads)
            k.prefetch(next, rows: plan.seen(0), width: plan.width)
            v.prefetch(next, rows: plan.seen(0), width: plan.width)
          }
          bench.attend(
            Matrix(pointer: q.head(sample, head), stride: q.stride),
            Matrix(pointer: k.head(sample, head), stride: k.stride),
            Matrix(pointer: v.head(sample, head), stride: v.stride),
            into: target + sample * plan.queries * total + head * plan.width, stride: total,
            sums: sums.pointer + item * plan.queries)
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
      let bench = HeadBench(plan, isTraining: true)
      for item in range {
        let (sample, head) = (item / plan.heads, item % plan.heads), offset = sample * n * total + head * d
        bench.back(
          Matrix(pointer: q.head(sample, head), stride: q.stride),
          Matrix(pointer: k.head(sample, head), stride: k.stride),
          Matrix(pointer: v.head(sample, head), stride: v.stride),
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

/// Where one thread works on one head after another.
private final class HeadBench {
  let plan: Heads
  /// Keys, and values, with rows and columns exchanged, in panels.
  let keys: Buffer, values: Buffer
  /// [lines, padded keys], and the same of their gradients; forward only one tile of the first.
  let shares: Buffer, slopes: Buffer
  let scratch: Buffer

  init(_ plan: Heads, isTraining: Bool) {
    self.plan = plan
    keys = Buffer(count: plan.padded * plan.width)
    values = Buffer(count: isTraining ? plan.padded * plan.width : 0)
    shares = Buffer(count: plan.padded * (isTraining ? plan.lines : TileRows.count))
    slopes = Buffer(count: isTraining ? plan.padded * plan.lines : 0)
    scratch = Buffer(count: TileTarget.scratchCount)
  }

  /// target [6, padded keys] = rows [6, width] * the packed columns [width, keys], as far as `seen`.
  @inline(__always)
  private func score(
    _ rows: Matrix, _ row: Int, _ packed: Buffer, _ seen: Int, into target: UnsafeMutablePointer<Float>
  ) {
    let left = TileRows(
      rows.pointer + row * rows.stride, stride: rows.stride, count: Swift.min(TileRows.count, plan.queries - row))
    var panel = UnsafePointer(packed.pointer), key = 0
    while key < seen {
      let lanes = (Swift.min(64, plan.padded - key)) / 16
      tile(
        lanes: lanes, left, panel, TilePath(length: plan.width, left: 1, right: 16 * lanes),
        TileTarget(
          pointer: target + key, stride: plan.padded, rows: TileRows.count, columns: 16 * lanes,
          scratch: scratch.pointer))
      panel += plan.width * 16 * lanes
      key += 64
    }
  }

  /// target [6, width] = scale * left [6, path] * rows [path, width] of a matrix.
  @inline(__always)
  private func mix(
    _ left: TileRows, step: Int, length: Int, _ rows: Matrix, from first: Int, count: Int, scale: Float,
    into target: UnsafeMutablePointer<Float>, stride: Int
  ) {
    var column = 0
    while column < plan.width {
      let width = Swift.min(64, plan.width - column)
      tile(
        lanes: (width + 15) / 16, left, rows.pointer + first * rows.stride + column,
        TilePath(length: length, left: step, right: rows.stride),
        TileTarget(
          pointer: target + column, stride: stride, rows: count, columns: width, scale: scale,
          scratch: scratch.pointer))
      column += 64
    }
  }

  func attend(
    _ query: Matrix, _ key: Matrix, _ worth: Matrix, into target: UnsafeMutablePointer<Float>, stride: Int,
    sums: UnsafeMutablePointer<Float>
  ) {
    let (n, m, d) = (plan.queries, plan.keys, plan.width)
    guard multipliesByTiles && n > 2 else {
      return attendSlowly(query, key, worth, into: target, stride: stride, sums: sums)
    }
    Profile.shared.multiplied(2 * n, m, d)
    pack(key.turned, rows: 0..<d, columns: 0..<m, into: keys.pointer)
    for line in Swift.stride(from: 0, to: n, by: TileRows.count) {
      let seen = plan.seen(line), count = Swift.min(TileRows.count, n - line)
      score(query, line, keys, seen, into: shares.pointer)
      for i in 0..<count {
        let row = shares.pointer + i * plan.padded, own = plan.visible[line + i]
        sums[line + i] = softmaxRow(row, into: row, own, scale: plan.scale)
        (row + own).update(repeating: 0, count: seen - own)
      }
      mix(
        TileRows(shares.pointer, stride: plan.padded, count: count), step: 1, length: seen, worth, from: 0,
        count: count,
        scale: 1, into: target + line * stride, stride: stride)
    }
  }

  /// For one or two queries, or without wide registers: row by row.
  private func attendSlowly(
    _ query: Matrix, _ key: Matrix, _ worth: Matrix, into target: UnsafeMutablePointer<Float>, stride: Int,
    sums: UnsafeMutablePointer<Float>
  ) {
    let (n, d) = (plan.queries, plan.width)
    Profile.shared.multiplied(2 * n, plan.keys, d)
    for i in 0..<n {
      let row = shares.pointer, seen = plan.visible[i], q = query.pointer + i * query.stride
      // Sixteen keys at once, some of them perhaps unseen: their products are not looked at.
      var j = d % 16 == 0 ? Swift.min((seen + 15) / 16, plan.keys / 16) * 16 : 0
      for key16 in Swift.stride(from: 0, to: j, by: 16) {
        row[lanes: key16] = overtone_dots(q, key.pointer + key16 * key.stride, key.stride, d)
      }
      while j < seen {
        row[j] = rowDot(q, key.pointer + j * key.stride, d)
        j += 1
      }
      sums[i] = softmaxRow(row, into: row, seen, scale: plan.scale)
      blend(worth, row, seen, into: target + i * stride)
    }
  }

  /// The sum of the first `seen` rows of a matrix, each times its share.
  @inline(__always)
  private func blend(
    _ rows: Matrix, _ shares: UnsafePointer<Float>, _ seen: Int, into target: UnsafeMutablePointer<Float>
  ) {
    let d = plan.width, stride = rows.stride
    var column = 0
    while column < d {
      // Two lanes and two rows at a time: four sums that do not wait for one another.
      let isWide = column &+ 32 <= d
      var (a, b, c, e) = (Lanes(repeating: 0), Lanes(repeating: 0), Lanes(repeating: 0), Lanes(repeating: 0))
      var from = rows.pointer + column, j = 0
      if isWide {
        while j &+ 2 <= seen {
          let (first, second) = (Lanes(repeating: shares[j]), Lanes(repeating: shares[j &+ 1]))
          a = multiplyAdd(from[lanes: 0], first, a)
          b = multiplyAdd(from[lanes: 16], first, b)
          c = multiplyAdd(from[lanes: stride], second, c)
          e = multiplyAdd(from[lanes: stride &+ 16], second, e)
          from += 2 &* stride
          j &+= 2
        }
      }
      while j < seen {
        let share = Lanes(repeating: shares[j])
        a = multiplyAdd(from.lanes(0, of: d &- column), share, a)
        if isWide { b = multiplyAdd(from[lanes: 16], share, b) }
        from += stride
        j &+= 1
      }
      target.store(a + c, column, of: d)
      if isWide { target.store(b + e, column &+ 16, of: d) }
      column &+= isWide ? 32 : 16
    }
  }

  func back(
    _ query: Matrix, _ key: Matrix, _ worth: Matrix, gradient: Matrix, result: Matrix,
    sums: UnsafePointer<Float>,
    into to: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>), stride: Int
  ) {
    let (n, m, d, wide) = (plan.queries, plan.keys, plan.width, plan.padded), scale = plan.scale
    let shares = shares.pointer, slopes = slopes.pointer
    Profile.shared.multiplied(5 * n, m, d)
    if multipliesByTiles {
      pack(key.turned, rows: 0..<d, columns: 0..<m, into: keys.pointer)
      pack(worth.turned, rows: 0..<d, columns: 0..<m, into: values.pointer)
      for line in Swift.stride(from: 0, to: n, by: TileRows.count) {
        let seen = plan.seen(line)
        score(query, line, keys, seen, into: shares + line * wide)
        score(gradient, line, values, seen, into: slopes + line * wide)
      }
    } else {
      serialProduct(n, m, d, query, key.turned, into: shares, stride: wide)
      serialProduct(n, m, d, gradient, worth.turned, into: slopes, stride: wide)
    }
    for i in 0..<n {
      // The shares once more: exp(q k / sqrt(d) - log of the sum).
      let row = shares + i * wide, slope = slopes + i * wide, sum = sums[i], seen = plan.visible[i]
      let along = rowDot(gradient.pointer + i * gradient.stride, result.pointer + i * result.stride, d)
      var j = 0
      while j < seen {
        let share = exp(row[lanes: j] * scale - sum)
        row[lanes: j] = share
        slope[lanes: j] = share * (slope[lanes: j] - along)
        j += 16
      }
      (row + seen).update(repeating: 0, count: wide - seen)
      (slope + seen).update(repeating: 0, count: wide - seen)
    }
    guard multipliesByTiles else {
      serialProduct(n, d, m, Matrix(pointer: slopes, stride: wide), key, into: to.0, stride: stride, scale: scale)
      serialProduct(
        m, d, n, Matrix(pointer: slopes, stride: wide, transposed: true), query, into: to.1, stride: stride,
        scale: scale)
      serialProduct(
        m, d, n, Matrix(pointer: shares, stride: wide, transposed: true), gradient, into: to.2, stride: stride)
      return
    }
    for line in Swift.stride(from: 0, to: n, by: TileRows.count) {
      let count = Swift.min(TileRows.count, n - line)
      mix(
        TileRows(slopes + line * wide, stride: wide, count: count), step: 1, length: plan.seen(line), key, from: 0,
        count: count, scale: scale, into: to.0 + line * stride, stride: stride)
    }
    for line in Swift.stride(from: 0, to: m, by: TileRows.count) {
      let count = Swift.min(TileRows.count, m - line)
      // Queries before the first that sees these keys have nothing to say.
      let first = plan.visible.firstIndex { $0 > line } ?? n
      guard first < n else {
        for row in line..<line + count {
          (to.1 + row * stride).update(repeating: 0, count: d)
          (to.2 + row * stride).update(repeating: 0, count: d)
        }
        continue
      }
      let offset = first * wide + line
      mix(
        TileRows(slopes + offset, stride: 1, count: count), step: wide, length: n - first, query, from: first,
        count: count, scale: scale, into: to.1 + line * stride, stride: stride)
      mix(
        TileRows(shares + offset, stride: 1, count: count), step: wide, length: n - first, gradient, from: first,
        count: count, scale: 1, into: to.2 + line * stride, stride: stride)
    }
  }
}
