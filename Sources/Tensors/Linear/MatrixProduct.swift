extension Tensor {
  /// A linear layer: self [..., in] times weight [out, in] transposed, plus bias [out], plus base [..., out]: [..., out].
  public func linear(_ weight: Tensor, _ bias: Tensor? = nil, onto base: Tensor? = nil) -> Tensor {
    precondition(
      weight.shape.count == 2 && shape.last == weight.shape[1],
      "a weight of shape \(weight.shape) does not fit rows of shape \(shape)")
    let (outputs, inputs) = (weight.shape[0], weight.shape[1]), rows = count / Swift.max(1, inputs)
    let value = times(weight, bias, onto: base, ProductWay())
    let others = [bias, base].compactMap { $0 }
    let wanted = (isTracked, weight.isTracked, bias?.isTracked ?? false), has = (bias != nil, base != nil)
    return value.addingFrom([self, weight] + others) { [self = detached, weight = weight.detached] g, sofar in
      let toSelf =
        wanted.0
        ? Tensor.product(g, weight, [rows, outputs], [outputs, inputs], onto: sofar(0)).reshaped(self.shape) : nil
      let (toWeight, toBias) = Tensor.layerGradients(g, self, outputs, inputs, wanted.1, wanted.2)
      return [toSelf, toWeight] + (has.0 ? [toBias] : []) + (has.1 ? [g] : [])
    }
  }

  /// The gradients of weight [outputs, inputs] and bias of a linear layer, as far as they are wanted: `g` [rows, outputs]
  /// transposed times `x` [rows, inputs], or what `fill` makes of that, and the sums of the columns of `g`.
  static func layerGradients(
    _ g: Tensor, _ x: Tensor, _ outputs: Int, _ inputs: Int, _ weight: Bool, _ bias: Bool,
    _ fill: ProductWay.Fill? = nil
  ) -> (weight: Tensor?, bias: Tensor?) {
    guard weight else { return (nil, bias ? g.columnSums(width: outputs) : nil) }
    let toBias = bias ? Tensor(zeros: [outputs]) : nil
    let toWeight = Tensor(unfilled: [outputs, inputs]) {
      matrixProduct(
        outputs, inputs, g.count / Swift.max(1, outputs),
        Matrix(pointer: g.buffer.pointer, stride: outputs, transposed: true),
        Matrix(pointer: x.buffer.pointer, stride: inputs), into: $0.baseAddress!, stride: inputs,
        ProductWay(right: fill, sums: toBias?.buffer.pointer))
    }
    return (toWeight, toBias)
  }

  /// The numbers of a linear layer, without a way back; what `way` makes of the rows counts as the rows.
  func times(_ weight: Tensor, _ bias: Tensor?, onto base: Tensor? = nil, _ way: ProductWay) -> Tensor {
    let (outputs, inputs) = (weight.shape[0], weight.shape[1]), rows = count / Swift.max(1, inputs)
    return Tensor(unfilled: shape.dropLast() + [outputs]) { target in
      let target = target.baseAddress!
      var way = way
      way.base = base.map { UnsafePointer($0.buffer.pointer) }
      precondition(
        base.map { $0.shape == shape.dropLast() + [outputs] } ?? true,
        "rows of shape \(base!.shape) do not fit \(rows) rows of \(outputs) outputs")
      precondition(
        bias.map { $0.shape == [outputs] } ?? true, "a bias of shape \(bias!.shape) does not fit \(outputs) outputs")
      if multipliesByTiles, rows <= Panels.fewRows, inputs > 0, !isTracked, !weight.isTracked {
        return Panels.product(buffer.pointer, rows: rows, weight, bias?.buffer.pointer, way, into: target)
      }
      matrixProduct(
        rows, outputs, inputs, Matrix(pointer: buffer.pointer, stride: inputs),
        Matrix(pointer: weight.buffer.pointer, stride: inputs, transposed: true), into: target, stride: outputs,
        bias: bias?.buffer.pointer, way)
    }
  }

  /// The matrix product [rows, inner] [inner, columns]; both sides must be matrices.
  public func product(_ other: Tensor) -> Tensor {
    precondition(
      shape.count == 2 && other.shape.count == 2 && shape[1] == other.shape[0],
      "matrices of shape \(shape) and \(other.shape) do not multiply")
    return Tensor.product(self, other, shape, other.shape).from([self, other]) {
      [a = detached, b = other.detached] g in
      [
        Tensor.product(g, b, g.shape, b.shape, transposingSecond: true),
        Tensor.product(a, g, a.shape, g.shape, transposingFirst: true),
      ]
    }
  }

  /// A product of tensors seen as matrices, either side transposed; no gradient. It is added to `sum`, which nobody else
  /// holds, if there is one.
  static func product(
    _ left: Tensor, _ right: Tensor, _ leftShape: [Int], _ rightShape: [Int], transposingFirst: Bool = false,
    transposingSecond: Bool = false, onto sum: Tensor? = nil
  ) -> Tensor {
    let rows = transposingFirst ? leftShape[1] : leftShape[0], inner = transposingFirst ? leftShape[0] : leftShape[1]
    let columns = transposingSecond ? rightShape[0] : rightShape[1]
    let target = sum ?? Tensor(shape: [rows, columns], buffer: Buffer(count: rows * columns), node: nil)
    matrixProduct(
      rows, columns, inner,
      Matrix(pointer: left.buffer.pointer, stride: leftShape[1], transposed: transposingFirst),
      Matrix(pointer: right.buffer.pointer, stride: rightShape[1], transposed: transposingSecond),
      into: target.buffer.pointer, stride: columns, adds: sum != nil)
    return target
  }

  /// The matrix with rows and columns exchanged: [rows, columns] to [columns, rows].
  public var transposed: Tensor {
    precondition(shape.count == 2, "only a matrix is transposed, not shape \(shape)")
    let (rows, columns) = (shape[0], shape[1]), source = buffer.pointer
    let value = Tensor(unfilled: [columns, rows]) { target in
      for r in 0..<rows { for c in 0..<columns { target[c * rows + r] = source[r * columns + c] } }
    }
    return value.from([self]) { [$0.transposed] }
  }
}
