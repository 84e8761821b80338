import COpenBLAS

extension Tensor {
  /// Attention to keys and values of a storage, all of them or, for query i, the first visible[i]; no gradient.
  ///
  /// self: queries [batch, q, heads * d], behind which other channels may lie; result [batch, q, heads * d].
  public func attention(_ keys: RowStorage, _ values: RowStorage, visible: [Int]? = nil) -> Tensor {
    let heads = keys.heads, total = heads * keys.width, stride = shape[2]
    let plan = Tensor.plan([shape[0], shape[1], total], keys: keys.count, heads: heads, visible: visible)
    precondition(
      keys.batch == shape[0] && total <= stride && values.batch == keys.batch && values.heads == heads
        && values.width == keys.width && values.count == keys.count,
      "a storage of \(keys.batch) samples, \(heads) heads and width \(keys.width) does not fit queries of shape \(shape)"
    )
    let isFew = plan.queries <= 2 && plan.width % 32 == 0
    // All heads of a sample lie in one chunk; with few samples the threads share out heads all the same.
    let groups = isFew && plan.batch >= 8 ? 1 : heads, each = heads / groups
    let value = Tensor(unfilled: [plan.batch, plan.queries, total]) { target in
      let target = target.baseAddress!
      parallel(plan.batch * groups, cost: each * plan.cost) { range in
        if isFew {
          let stream = HeadStream(plan, keys, values, heads: each)
          for item in range {
            let (sample, first) = (item / groups, item % groups * each)
            for query in 0..<plan.queries {
              let row = sample * plan.queries + query, channel = first * plan.width
              stream.attend(
                buffer.pointer + (row * stride + channel), query, sample, first, into: target + (row * total + channel))
            }
          }
        } else {
          // Keys that nobody sees are not copied, and must not be looked for.
          let rows = plan.visible.max() ?? 0
          var seen = plan
          seen.keys = rows
          let bench = HeadBench(seen, isTraining: false)
          let own = (Buffer(count: rows * plan.width), Buffer(count: rows * plan.width))
          let sums = Buffer(count: plan.queries)
          for item in range {
            let (sample, head) = (item / heads, item % heads), row = sample * plan.queries, channel = head * plan.width
            keys.copy(sample, head, rows: rows, into: own.0.pointer)
            values.copy(sample, head, rows: rows, into: own.1.pointer)
            bench.attend(
              Matrix(pointer: buffer.pointer + (row * stride + channel), stride: stride),
              Matrix(pointer: own.0.pointer, stride: plan.width), Matrix(pointer: own.1.pointer, stride: plan.width),
              into: target + (row * total + channel), stride: total, sums: sums.pointer)
          }
        }
      }
    }
    return value.recorded(inputs: []) { _ in [] }
  }
}

/// Where one thread lets one query look at some heads of a sample, in the order in which their keys and values lie.
private final class HeadStream {
  let plan: Heads, keys: RowStorage, values: RowStorage, heads: Int
  /// [heads, keys rounded up to whole vectors of 16]
  let shares: Buffer

  init(_ plan: Heads, _ keys: RowStorage, _ values: RowStorage, heads: Int) {
    (self.plan, self.keys, self.values, self.heads) = (plan, keys, values, heads)
    shares = Buffer(count: heads * plan.padded)
  }

  /// `query` and `target` have `heads` heads from `first` on, `number` is the query's among those of its sample.
  func attend(
    _ query: UnsafePointer<Float>, _ number: Int, _ sample: Int, _ first: Int, into target: UnsafeMutablePointer<Float>
  ) {
    let seen = plan.visible[number], width = plan.width
    Profile.shared.multiplied(2 * heads, seen, width)
    for key in stride(from: 0, to: seen, by: RowStorage.block) {
      var place = UnsafePointer(keys.place(sample, key, first)), row = shares.pointer + key, own = query
      for _ in 0..<heads {
        row[vector: 0] = overtone_dot_products(own, place, width)
        place += RowStorage.block &* width
        row += plan.padded
        own += width
      }
    }
    for head in 0..<heads { _ = softmaxRow(shares.pointer + head * plan.padded, seen, of: seen, scale: plan.scale) }
    target.update(repeating: 0, count: heads * width)
    for key in stride(from: 0, to: seen, by: RowStorage.block) {
      let count = Swift.min(RowStorage.block, seen - key)
      var place = UnsafePointer(values.place(sample, key, first)), row = shares.pointer + key, own = target
      for _ in 0..<heads {
        for column in stride(from: 0, to: width, by: 32) { blend(place + column, row, count, into: own + column) }
        place += RowStorage.block &* width
        row += plan.padded
        own += width
      }
    }
  }

  /// Adds 32 channels of some rows, each times its share; two rows at a time, for four sums that do not wait for one
  /// another.
  @inline(__always)
  private func blend(
    _ rows: UnsafePointer<Float>, _ shares: UnsafePointer<Float>, _ count: Int, into target: UnsafeMutablePointer<Float>
  ) {
    var (a, b, c, d) = (target[vector: 0], target[vector: 16], Vector16(repeating: 0), Vector16(repeating: 0))
    var from = rows, j = 0
    while j < count {
      // A row that is not seen has a share of zero.
      let next = from + plan.width,
        (first, second) = (Vector16(repeating: shares[j]), Vector16(repeating: shares[j &+ 1]))
      a = multiplyAdd(from[vector: 0], first, a)
      b = multiplyAdd(from[vector: 16], first, b)
      c = multiplyAdd(next[vector: 0], second, c)
      d = multiplyAdd(next[vector: 16], second, d)
      from = next + plan.width
      j &+= 2
    }
    (target[vector: 0], target[vector: 16]) = (a + c, b + d)
  }
}
