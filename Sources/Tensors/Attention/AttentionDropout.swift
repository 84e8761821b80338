extension Tensor {
  /// Attention whose probabilities are multiplied by a dropout mask after the softmax (Vaswani et al. 2017,
  /// arXiv 1706.03762, section 5.4): O = (softmax(Q K^T / sqrt(d)) * mask) V.
  ///
  /// self: queries [batch, q, heads * d]; keys and values [batch, k, heads * d]; mask [batch, heads, q, k] of zeros and
  /// 1 / (1 - rate), without gradient; result [batch, q, heads * d]. All probabilities are kept for the backward
  /// pass: a plain form for training with dropout only.
  public func attention(
    _ keys: Tensor, _ values: Tensor, heads: Int, visible: [Int]? = nil, dropoutMask mask: Tensor
  ) -> Tensor {
    let plan = AttentionShape(queries: shape, keys: keys.shape[1], heads: heads, visible: visible)
    precondition(
      keys.shape == values.shape && keys.shape[2] == plan.channels, "keys and values do not fit the queries")
    let maskShape = [plan.batch, heads, plan.queries, plan.keys]
    precondition(mask.shape == maskShape, "a dropout mask of shape \(mask.shape) is not \(maskShape)")
    let attention = DroppedAttention(
      plan: plan, queries: detached, keys: keys.detached, values: values.detached, mask: mask.detached)
    let (output, probabilities) = attention.forward()
    return output.recorded(inputs: [self, keys, values]) { attention.backward($0, probabilities) }
  }
}

/// Attention with dropout, head by head; S, P and dP are [queries, keys] matrices of one head.
private struct DroppedAttention: Sendable {
  let plan: AttentionShape
  let queries: Tensor, keys: Tensor, values: Tensor
  /// [batch, heads, queries, keys]
  let mask: Tensor

  /// The first element of head `item % heads` of sample `item / heads` in a tensor [batch, rows, heads * headDim].
  private func offset(_ item: Int, rows: Int) -> Int {
    item / plan.heads * rows * plan.channels + item % plan.heads * plan.headDim
  }

  /// One head of a tensor [batch, rows, heads * headDim].
  private func head(_ tensor: Tensor, _ item: Int) -> Matrix {
    Matrix(
      pointer: UnsafePointer(tensor.buffer.pointer) + offset(item, rows: tensor.shape[1]), stride: plan.channels)
  }

  /// One head of an output [batch, rows, heads * headDim].
  private func target(_ pointer: UnsafeMutablePointer<Float>, _ item: Int, rows: Int) -> OutputMatrix {
    OutputMatrix(pointer: pointer + offset(item, rows: rows), stride: plan.channels)
  }

  /// The output [batch, queries, heads * headDim] and the probabilities before dropout [batch, heads, queries, keys].
  func forward() -> (output: Tensor, probabilities: Buffer) {
    let (n, m, d) = (plan.queries, plan.keys, plan.headDim)
    let probabilities = Buffer(count: plan.batch * plan.heads * n * m)
    let output = Tensor(unfilled: queries.shape) { output in
      let output = output.baseAddress!
      parallel(plan.batch * plan.heads, cost: n * m * (d / 4 + 8)) { range in
        withUnsafeTemporaryAllocation(of: Float.self, capacity: n * m + vectorWidth) { scratch in
          let dropped = scratch.baseAddress!
          for item in range {
            let p = probabilities.pointer + item * n * m, mask = mask.buffer.pointer + item * n * m
            gemm(
              GEMMShape(m: n, n: m, k: d), alpha: plan.scale, head(queries, item), head(keys, item).transposed,
              into: OutputMatrix(pointer: p, stride: m))
            // P = softmax(S), zeros for keys that are not seen, then D = P * mask.
            for i in 0..<n {
              let row = p + i * m, visible = plan.visible[i]
              _ = softmaxRow(row, into: row, visible)
              (row + visible).update(repeating: 0, count: m - visible)
              for j in 0..<m { dropped[i * m + j] = row[j] * mask[i * m + j] }
            }
            gemm(
              GEMMShape(m: n, n: d, k: m), Matrix(pointer: dropped, stride: m), head(values, item),
              into: target(output, item, rows: n))
          }
        }
      }
    }
    return (output, probabilities)
  }

  /// The gradients of queries, keys and values: with D = P * mask and dD = dO V^T,
  /// dP = dD * mask, dS = P * (dP - rowsum(dP * P)), dQ = dS K / sqrt(d), dK = dS^T Q / sqrt(d), dV = D^T dO.
  func backward(_ g: Tensor, _ probabilities: Buffer) -> [Tensor?] {
    let (n, m, d) = (plan.queries, plan.keys, plan.headDim), scale = plan.scale
    let gradients = [queries, keys, values].map { Tensor(shape: $0.shape, buffer: Buffer(count: $0.count), node: nil) }
    let (dq, dk, dv) = (gradients[0].buffer.pointer, gradients[1].buffer.pointer, gradients[2].buffer.pointer)
    parallel(plan.batch * plan.heads, cost: 3 * n * m * (d / 4 + 8)) { range in
      // One vector more, since kernels read whole vectors.
      withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * n * m + vectorWidth) { scratch in
        let scoreGradients = scratch.baseAddress!, dropped = scoreGradients + n * m
        for item in range {
          let p = probabilities.pointer + item * n * m, mask = mask.buffer.pointer + item * n * m
          gemm(
            GEMMShape(m: n, n: m, k: d), head(g, item), head(values, item).transposed,
            into: OutputMatrix(pointer: scoreGradients, stride: m))
          // dP = dD * mask, delta = rowsum(dP * P), dS = P * (dP - delta).
          for i in 0..<n {
            var delta: Float = 0
            for j in i * m..<(i + 1) * m {
              dropped[j] = p[j] * mask[j]
              scoreGradients[j] *= mask[j]
              delta += scoreGradients[j] * p[j]
            }
            for j in i * m..<(i + 1) * m { scoreGradients[j] = p[j] * (scoreGradients[j] - delta) }
          }
          let ds = Matrix(pointer: scoreGradients, stride: m), weights = Matrix(pointer: dropped, stride: m)
          gemm(
            GEMMShape(m: n, n: d, k: m), alpha: scale, ds, head(keys, item), into: target(dq, item, rows: n))
          gemm(
            GEMMShape(m: m, n: d, k: n), alpha: scale, ds.transposed, head(queries, item),
            into: target(dk, item, rows: m))
          gemm(
            GEMMShape(m: m, n: d, k: n), weights.transposed, head(g, item), into: target(dv, item, rows: m))
        }
      }
    }
    return gradients
  }
}
