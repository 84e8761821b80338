extension Tensor {
  /// Scaled dot-product attention, softmax(Q K^T / sqrt(d)) V, head by head (Vaswani et al. 2017, arXiv 1706.03762).
  ///
  /// self: queries [batch, q, heads * d]; keys and values [batch, k, heads * d]; result [batch, q, heads * d].
  /// `visible[i]` is the number of leading keys that query i sees; nil: all. The matrix of probabilities exists for a
  /// block of queries of one head only: the backward pass recomputes it from the logarithm of the sum of exponentials
  /// of each row (FlashAttention; Dao et al. 2022, arXiv 2205.14135).
  public func attention(_ keys: Tensor, _ values: Tensor, heads: Int, visible: [Int]? = nil) -> Tensor {
    let width = shape[2]
    let plan = AttentionShape(queries: shape, keys: keys.shape[1], heads: heads, visible: visible)
    precondition(
      keys.shape == values.shape && keys.shape == [shape[0], plan.keys, width],
      "keys and values of shapes \(keys.shape) and \(values.shape) do not fit queries of shape \(shape)")
    let (output, logSumExp) = plan.forward(AttentionInputs(self, keys, values, heads: heads))
    return output.recorded(inputs: [self, keys, values]) {
      [q = detached, k = keys.detached, v = values.detached] g in
      let gradients = [q, k, v].map { Tensor(shape: $0.shape, buffer: Buffer(count: $0.count), node: nil) }
      let pointers = gradients.map(\.buffer.pointer)
      plan.backward(
        AttentionInputs(q, k, v, heads: heads), output: output, outputGradient: g, logSumExp: logSumExp,
        into: HeadGradients(queries: pointers[0], keys: pointers[1], values: pointers[2], stride: width))
      return gradients
    }
  }

  /// Scaled dot-product attention of queries, keys and values that lie side by side: self [batch, n, 3 * heads * d],
  /// result [batch, n, heads * d].
  ///
  /// With `rotary` angles queries and keys are rotated first, as `rotated(by:heads:)` does, head by head in the
  /// kernel's workspace: the rotated ones never lie in memory as a whole.
  public func selfAttention(heads: Int, visible: [Int]? = nil, rotary: RotaryAngles? = nil) -> Tensor {
    let (batch, n, width) = (shape[0], shape[1], shape[2] / 3)
    if let rotary, !usesMicroKernels || n <= 2 {
      return rotated(by: rotary, heads: 3 * heads, rotatedHeads: 2 * heads)
        .selfAttention(heads: heads, visible: visible)
    }
    let plan = AttentionShape(queries: [batch, n, width], keys: n, heads: heads, visible: visible)
    precondition(
      rotary.map { $0.cosines.shape == [batch, n, plan.headDim / 2] && plan.headDim % 2 == 0 } ?? true,
      "angles of shape \(rotary?.cosines.shape ?? []) do not rotate \(heads) heads of width \(plan.headDim) in "
        + "\(n) rows"
    )
    let (output, logSumExp) = plan.forward(AttentionInputs(packed: self, heads: heads, rotary: rotary))
    return output.recorded(inputs: [self]) { [qkv = detached] g in
      let gradient = Buffer(count: qkv.count), first = gradient.pointer  // [batch, n, 3, heads, d]
      plan.backward(
        AttentionInputs(packed: qkv, heads: heads, rotary: rotary), output: output, outputGradient: g,
        logSumExp: logSumExp,
        into: HeadGradients(queries: first, keys: first + width, values: first + 2 * width, stride: 3 * width))
      return [Tensor(shape: qkv.shape, buffer: gradient, node: nil)]
    }
  }
}

extension AttentionShape {
  /// The output [batch, queries, heads * headDim] and, for the backward pass, the logarithm of the sum of
  /// exponentials of each row of scores [batch, heads, queries].
  fileprivate func forward(_ inputs: AttentionInputs) -> (output: Tensor, logSumExp: Buffer) {
    let logSumExp = Buffer(count: batch * heads * queries)
    let output = Tensor(unfilled: [batch, queries, channels]) { target in
      let target = target.baseAddress!
      parallel(batch * heads, cost: cost) { range in
        let workspace = AttentionWorkspace(self, isTraining: false)
        for item in range {
          let (sample, head) = (item / heads, item % heads)
          workspace.forward(
            inputs.head(sample, head),
            into: OutputMatrix(pointer: target + sample * queries * channels + head * headDim, stride: channels),
            logSumExp: logSumExp.pointer + item * queries, prefetchNextHead: head + 1 < heads)
        }
      }
    }
    return (output, logSumExp)
  }

  /// Writes the gradients of all heads; `first` points to those of the first head of the first sample.
  fileprivate func backward(
    _ inputs: AttentionInputs, output: Tensor, outputGradient: Tensor, logSumExp: Buffer, into first: HeadGradients
  ) {
    let stride = first.stride
    parallel(batch * heads, cost: 3 * cost) { range in
      let workspace = AttentionWorkspace(self, isTraining: true)
      for item in range {
        // The head in the output and in its gradient [batch, queries, heads, headDim].
        let (sample, head) = (item / heads, item % heads), offset = sample * queries * channels + head * headDim
        workspace.backward(
          inputs.head(sample, head), output: Matrix(pointer: output.buffer.pointer + offset, stride: channels),
          outputGradient: Matrix(pointer: outputGradient.buffer.pointer + offset, stride: channels),
          logSumExp: logSumExp.pointer + item * queries,
          into: HeadGradients(
            queries: first.queries + sample * queries * stride + head * headDim,
            keys: first.keys + sample * keys * stride + head * headDim,
            values: first.values + sample * keys * stride + head * headDim, stride: stride),
          prefetchNextHead: head + 1 < heads)
      }
    }
  }
}
