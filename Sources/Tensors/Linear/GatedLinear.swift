import COpenBLAS

extension Tensor {
  /// x sigmoid(x) times a gate of the same shape (SwiGLU; Shazeer 2020, arXiv 2002.05202).
  public func swiGLU(_ gate: Tensor) -> Tensor {
    precondition(shape == gate.shape, "shapes \(shape) and \(gate.shape) differ")
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!, x = buffer.pointer, y = gate.buffer.pointer
      parallel(vectorCount(count), cost: 96) { range in
        for i in range {
          target[vector: vectorWidth &* i] = Silu.value(x[vector: vectorWidth &* i]) * y[vector: vectorWidth &* i]
        }
      }
    }
    return value.recorded(inputs: [self, gate]) {
      [self = detached, gate = gate.detached] g in
      let input = Buffer(count: self.count), gateGradient = Buffer(count: self.count)
      let (a, b) = (input.pointer, gateGradient.pointer)
      let (x, y, g) = (self.buffer.pointer, gate.buffer.pointer, g.buffer.pointer)
      parallel(vectorCount(self.count), cost: 128) { range in
        for i in range {
          let at = vectorWidth &* i, x = x[vector: at], g = g[vector: at], s = Tensors.sigmoid(x)
          a[vector: at] = g * y[vector: at] * s * (1 + x * (1 - s))
          b[vector: at] = g * x * s
        }
      }
      return [input, gateGradient].map { Tensor(shape: self.shape, buffer: $0, node: nil) }
    }
  }

  /// A linear layer over a SwiGLU: `swiGLU(gate)` and then `linear(weight, bias, onto: residual)`.
  ///
  /// self and gate [..., in], weight [out, in], bias [out], residual [..., out]; result [..., out]. The gated scalars
  /// never lie in memory as a whole: they are computed while the product packs them, forward and once more backward.
  public func linear(
    afterSwiGLU gate: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, onto residual: Tensor? = nil
  ) -> Tensor {
    precondition(shape == gate.shape, "shapes \(shape) and \(gate.shape) differ")
    let layer = LinearLayer(self, weight, bias, residual: residual), requiresInputGradient = isTracked || gate.isTracked
    let rows = SwiGLURows(x: buffer.pointer, gate: gate.buffer.pointer, width: layer.inputs)
    let value = layer.product(self, weight, bias, residual: residual, generator: rows.generator)
    return value.recorded(inputs: [self, gate] + LinearLayer.operands(weight, bias, residual)) {
      [self = detached, gate = gate.detached, weight = weight.detached] g in
      let rows = SwiGLURows(x: self.buffer.pointer, gate: gate.buffer.pointer, width: layer.inputs)
      var factors: [Tensor?] = [nil, nil]
      if requiresInputGradient {
        let gradients = [self, gate].map { Tensor(shape: $0.shape, buffer: Buffer(count: $0.count), node: nil) }
        let (target, gateTarget) = (gradients[0].buffer.pointer, gradients[1].buffer.pointer)
        layer.inputGradient(g, weight, into: target) { range, columns in
          for row in range { rows.backward(row, columns, target, gateTarget) }
        }
        factors = gradients
      }
      let others = layer.gradients(g, self, requiresBiasGradient: layer.requiresBiasGradient, generator: rows.generator)
      return factors + others.ordered(for: layer)
    }
  }
}

/// Pointers to the two factors [rows, width] of a SwiGLU; their tensors must outlive it.
private struct SwiGLURows: @unchecked Sendable {  // read only
  let x: UnsafePointer<Float>, gate: UnsafePointer<Float>, width: Int

  /// Computes x sigmoid(x) gate for some scalars of a row.
  var generator: OperandGenerator {
    { row, column, count, target in
      let offset = row * width + column, x = x + offset, gate = gate + offset
      let next = prefetchDistance(count, width: width)
      var i = 0
      while i < count {
        overtone_prefetch(x + (i &+ next))
        overtone_prefetch(gate + (i &+ next))
        // Up to 15 floats are read beyond a row and not stored: all buffers are padded by a vector.
        target.store(Silu.value(x[vector: i]) * gate[vector: i], i, of: count)
        i &+= vectorWidth
      }
    }
  }

  /// Replaces the gradient of some scalars of a row in `target` by that of x, and writes that of the gate.
  func backward(
    _ row: Int, _ columns: Range<Int>, _ target: UnsafeMutablePointer<Float>,
    _ gateTarget: UnsafeMutablePointer<Float>
  ) {
    let offset = row * width + columns.lowerBound, x = x + offset, gate = gate + offset
    let target = target + offset, gateTarget = gateTarget + offset
    let count = columns.count, next = prefetchDistance(count, width: width)
    var i = 0
    while i < count {
      overtone_prefetch(x + (i &+ next))
      overtone_prefetch(gate + (i &+ next))
      let n = x[vector: i], s = sigmoid(n), silu = n * s, g = UnsafePointer(target)[vector: i]
      gateTarget.store(g * silu, i, of: count)
      // d silu / dx = s + silu (1 - s)
      target.store(g * gate[vector: i] * multiplyAdd(silu, 1 - s, s), i, of: count)
      i &+= vectorWidth
    }
  }
}
