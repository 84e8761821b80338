import COpenBLAS

extension Tensor {
  /// x sigmoid(x) times a gate of the same shape (SwiGLU; Shazeer 2020, arXiv 2002.05202).
  public func siluTimes(_ gate: Tensor) -> Tensor {
    precondition(shape == gate.shape, "shapes \(shape) and \(gate.shape) differ")
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!, x = buffer.pointer, y = gate.buffer.pointer
      parallel((count + 15) / 16, cost: 96) { range in
        for i in range { target[vector: 16 &* i] = Silu.value(x[vector: 16 &* i]) * y[vector: 16 &* i] }
      }
    }
    return value.from([self, gate]) {
      [self = detached, gate = gate.detached] g in
      let toSelf = Buffer(count: self.count), toGate = Buffer(count: self.count)
      let (a, b) = (toSelf.pointer, toGate.pointer)
      let (x, y, slope) = (self.buffer.pointer, gate.buffer.pointer, g.buffer.pointer)
      parallel((self.count + 15) / 16, cost: 128) { range in
        for i in range {
          let at = 16 &* i, x = x[vector: at], g = slope[vector: at], s = Tensors.sigmoid(x)
          a[vector: at] = g * y[vector: at] * s * (1 + x * (1 - s))
          b[vector: at] = g * x * s
        }
      }
      return [toSelf, toGate].map { Tensor(shape: self.shape, buffer: $0, node: nil) }
    }
  }

  /// A linear layer over x sigmoid(x) times a gate (see `siluTimes`), which never lies in memory as a whole: it is made on
  /// its way into the product, and once more on the way back. Then base [..., out] is added, if there is one.
  public func linear(
    afterSiluTimes gate: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, onto base: Tensor? = nil
  ) -> Tensor {
    precondition(shape == gate.shape, "shapes \(shape) and \(gate.shape) differ")
    let (outputs, inputs) = (weight.shape[0], weight.shape[1]), rows = count / Swift.max(1, inputs)
    let wanted = (isTracked || gate.isTracked, weight.isTracked, bias?.isTracked ?? false)
    let has = (bias != nil, base != nil), others = [bias, base].compactMap { $0 }
    let pointers = SiluTimes(x: buffer.pointer, gate: gate.buffer.pointer, width: inputs)
    return times(weight, bias, onto: base, ProductWay(left: pointers.fill)).from([self, gate, weight] + others) {
      [self = detached, gate = gate.detached, weight = weight.detached] g in
      let pointers = SiluTimes(x: self.buffer.pointer, gate: gate.buffer.pointer, width: inputs)
      var parts: [Tensor?] = [nil, nil]
      if wanted.0 {
        let made = [self, gate].map { Tensor(shape: $0.shape, buffer: Buffer(count: $0.count), node: nil) }
        let (to, toGate) = (made[0].buffer.pointer, made[1].buffer.pointer)
        matrixProduct(
          rows, inputs, outputs, Matrix(pointer: g.buffer.pointer, stride: outputs),
          Matrix(pointer: weight.buffer.pointer, stride: inputs), into: to, stride: inputs,
          ProductWay(finish: { rows, columns in
            for row in rows { pointers.back(row, columns, to, toGate) }
          }))
        parts = made
      }
      let (toWeight, toBias) = Tensor.layerGradients(
        g, self, outputs, inputs, wanted.1, wanted.2, pointers.fill)
      return parts + [toWeight] + (has.0 ? [toBias] : []) + (has.1 ? [g] : [])
    }
  }
}

/// Where two tensors [rows, width] lie, while somebody holds them, of which one is bent and multiplied by the other.
private struct SiluTimes: @unchecked Sendable {
  let x: UnsafePointer<Float>, gate: UnsafePointer<Float>, width: Int

  /// x sigmoid(x) times the gate, some numbers of a row.
  var fill: ProductWay.Fill {
    { row, column, count, target in
      let at = row * width + column, x = x + at, gate = gate + at, next = prefetchDistance(count, width: width)
      var i = 0
      while i < count {
        overtone_prefetch(x + (i &+ next))
        overtone_prefetch(gate + (i &+ next))
        // What is read beyond a row is not stored: all buffers have a vector more.
        target.store(Silu.value(x[vector: i]) * gate[vector: i], i, of: count)
        i &+= 16
      }
    }
  }

  /// From the gradient of some numbers of a row, which lies in `to`, to those of both factors.
  func back(
    _ row: Int, _ columns: Range<Int>, _ to: UnsafeMutablePointer<Float>, _ toGate: UnsafeMutablePointer<Float>
  ) {
    let at = row * width + columns.lowerBound, x = x + at, gate = gate + at, to = to + at, toGate = toGate + at
    let count = columns.count, next = prefetchDistance(count, width: width)
    var i = 0
    while i < count {
      overtone_prefetch(x + (i &+ next))
      overtone_prefetch(gate + (i &+ next))
      let n = x[vector: i], share = sigmoid(n), bent = n * share, g = UnsafePointer(to)[vector: i]
      toGate.store(g * bent, i, of: count)
      to.store(g * gate[vector: i] * multiplyAdd(bent, 1 - share, share), i, of: count)
      i &+= 16
    }
  }
}
