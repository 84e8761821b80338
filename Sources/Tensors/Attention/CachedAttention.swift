import COpenBLAS

extension Tensor {
  /// Attention to the keys and values of a cache, all of them or, for query i, the first `visible[i]`; no gradient.
  ///
  /// self: queries [batch, q, heads * d], behind which other channels may lie; result [batch, q, heads * d].
  public func attention(_ keys: RowStorage, _ values: RowStorage, visible: [Int]? = nil) -> Tensor {
    let heads = keys.heads, channels = heads * keys.headDim, stride = shape[2]
    let plan = AttentionShape(
      queries: [shape[0], shape[1], channels], keys: keys.count, heads: heads, visible: visible)
    precondition(
      keys.batch == shape[0] && channels <= stride && values.batch == keys.batch && values.heads == heads
        && values.headDim == keys.headDim && values.count == keys.count,
      "a storage of \(keys.batch) samples, \(heads) heads and width \(keys.headDim) does not fit queries "
        + "of shape \(shape)"
    )
    // A stream handles 32 channels at a time; with more queries a copy of the keys pays.
    let isStreamed = plan.queries <= 2 && plan.headDim % 32 == 0
    let value = Tensor(unfilled: [plan.batch, plan.queries, channels]) { target in
      if isStreamed {
        streamCache(plan, keys, values, into: target.baseAddress!)
      } else {
        copyAndAttend(plan, keys, values, into: target.baseAddress!)
      }
    }
    return value.recorded(inputs: []) { _ in [] }
  }

  /// One or two queries: keys and values are read where they lie, from end to end.
  private func streamCache(
    _ plan: AttentionShape, _ keys: RowStorage, _ values: RowStorage, into target: UnsafeMutablePointer<Float>
  ) {
    // All heads of a sample lie one behind the other; with few samples the heads are distributed over the threads, too.
    let groups = plan.batch >= 8 ? 1 : plan.heads, headsPerGroup = plan.heads / groups, stride = shape[2]
    parallel(plan.batch * groups, cost: headsPerGroup * plan.cost) { range in
      let stream = CacheStream(plan, keys, values, heads: headsPerGroup)
      for item in range {
        let (sample, firstHead) = (item / groups, item % groups * headsPerGroup)
        for query in 0..<plan.queries {
          let row = sample * plan.queries + query, channel = firstHead * plan.headDim
          stream.attend(
            buffer.pointer + (row * stride + channel), visible: plan.visible[query], sample: sample,
            firstHead: firstHead, into: target + (row * plan.channels + channel))
        }
      }
    }
  }

  /// Many queries: keys and values of a head are copied to lie together, then computed as those of tensors.
  private func copyAndAttend(
    _ plan: AttentionShape, _ keys: RowStorage, _ values: RowStorage, into target: UnsafeMutablePointer<Float>
  ) {
    // Keys that no query sees are neither copied nor read.
    let rows = plan.visible.max() ?? 0, stride = shape[2], headDim = plan.headDim
    var visiblePlan = plan
    visiblePlan.keys = rows
    parallel(plan.batch * plan.heads, cost: plan.cost) { [visiblePlan] range in
      let workspace = AttentionWorkspace(visiblePlan, isTraining: false)
      let headKeys = Buffer(count: rows * headDim), headValues = Buffer(count: rows * headDim)
      let logSumExp = Buffer(count: plan.queries)
      for item in range {
        let (sample, head) = (item / plan.heads, item % plan.heads)
        let row = sample * plan.queries, channel = head * headDim
        keys.copy(sample: sample, head: head, rows: rows, into: headKeys.pointer)
        values.copy(sample: sample, head: head, rows: rows, into: headValues.pointer)
        workspace.forward(
          HeadInputs(
            queries: Matrix(pointer: buffer.pointer + (row * stride + channel), stride: stride),
            keys: Matrix(pointer: headKeys.pointer, stride: headDim),
            values: Matrix(pointer: headValues.pointer, stride: headDim)),
          into: OutputMatrix(pointer: target + (row * plan.channels + channel), stride: plan.channels),
          logSumExp: logSumExp.pointer)
      }
    }
  }
}

/// Attention of one query at a time to some heads of a sample, in the order in which a cache holds them.
private final class CacheStream {
  /// `heads` is the number of heads that are computed together.
  let plan: AttentionShape, keys: RowStorage, values: RowStorage, heads: Int
  /// [heads, paddedKeys]
  let probabilities: Buffer

  init(_ plan: AttentionShape, _ keys: RowStorage, _ values: RowStorage, heads: Int) {
    (self.plan, self.keys, self.values, self.heads) = (plan, keys, values, heads)
    probabilities = Buffer(count: heads * plan.paddedKeys)
  }

  /// Writes the output [heads, headDim] of a query [heads, headDim] that sees the first `visible` keys of its sample.
  func attend(
    _ query: UnsafePointer<Float>, visible: Int, sample: Int, firstHead: Int, into target: UnsafeMutablePointer<Float>
  ) {
    let headDim = plan.headDim
    Profile.shared.multiplied(2 * heads, visible, headDim)
    // Scores, sixteen keys of a head at a time.
    for key in stride(from: 0, to: visible, by: RowStorage.block) {
      var block = UnsafePointer(keys.pointer(sample: sample, row: key, head: firstHead))
      var row = probabilities.pointer + key, headQuery = query
      for _ in 0..<heads {
        row[vector: 0] = overtone_dot_products(headQuery, block, headDim)
        block += RowStorage.block &* headDim
        row += plan.paddedKeys
        headQuery += headDim
      }
    }
    // Probabilities; those of the keys that fill up the last block are zero.
    for head in 0..<heads {
      _ = softmaxRow(probabilities.pointer + head * plan.paddedKeys, visible, of: visible, scale: plan.scale)
    }
    // The sum of the values, each times its probability, again block after block.
    target.update(repeating: 0, count: heads * headDim)
    for key in stride(from: 0, to: visible, by: RowStorage.block) {
      let count = Swift.min(RowStorage.block, visible - key)
      var block = UnsafePointer(values.pointer(sample: sample, row: key, head: firstHead))
      var row = probabilities.pointer + key, headTarget = target
      for _ in 0..<heads {
        for column in stride(from: 0, to: headDim, by: 32) {
          addWeightedSum(row, count, of: block + column, into: headTarget + column)
        }
        block += RowStorage.block &* headDim
        row += plan.paddedKeys
        headTarget += headDim
      }
    }
  }

  /// Adds 32 channels of `count` rows, each times its weight; two rows at a time, for four independent sums.
  @inline(__always)
  private func addWeightedSum(
    _ weights: UnsafePointer<Float>, _ count: Int, of rows: UnsafePointer<Float>,
    into target: UnsafeMutablePointer<Float>
  ) {
    var (a, b, c, d) = (target[vector: 0], target[vector: 16], Vector16(repeating: 0), Vector16(repeating: 0))
    var row = rows, j = 0
    while j < count {
      // With an odd count the last pair reads one row more, whose weight is zero.
      let next = row + plan.headDim,
        (first, second) = (Vector16(repeating: weights[j]), Vector16(repeating: weights[j &+ 1]))
      a = multiplyAdd(row[vector: 0], first, a)
      b = multiplyAdd(row[vector: 16], first, b)
      c = multiplyAdd(next[vector: 0], second, c)
      d = multiplyAdd(next[vector: 16], second, d)
      row = next + plan.headDim
      j &+= 2
    }
    (target[vector: 0], target[vector: 16]) = (a + c, b + d)
  }
}
