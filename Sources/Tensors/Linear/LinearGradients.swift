/// The gradients of a linear layer y = x W^T + bias + residual; nil where none is needed.
struct LinearGradients {
  var weight: Tensor?, bias: Tensor?, residual: Tensor?

  /// Those of the operands that the layer has, in the order of `LinearLayer.operands`.
  func ordered(for layer: LinearLayer) -> [Tensor?] {
    [weight] + (layer.hasBias ? [bias] : []) + (layer.hasResidual ? [residual] : [])
  }
}

/// The sizes and operands of a linear layer: x [..., inputs], weight [outputs, inputs], bias [outputs] and a residual
/// [..., outputs] that is added to the result.
struct LinearLayer {
  let rows: Int, inputs: Int, outputs: Int
  let hasBias: Bool, hasResidual: Bool
  let requiresWeightGradient: Bool, requiresBiasGradient: Bool

  init(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?, residual: Tensor?) {
    precondition(
      weight.shape.count == 2 && x.shape.last == weight.shape[1],
      "a weight of shape \(weight.shape) does not fit rows of shape \(x.shape)")
    (outputs, inputs) = (weight.shape[0], weight.shape[1])
    rows = x.count / Swift.max(1, inputs)
    if let bias {
      precondition(bias.shape == [outputs], "a bias of shape \(bias.shape) does not fit \(outputs) outputs")
    }
    if let residual {
      precondition(
        residual.shape == x.shape.dropLast() + [outputs],
        "rows of shape \(residual.shape) do not fit \(rows) rows of \(outputs) outputs")
    }
    (hasBias, hasResidual) = (bias != nil, residual != nil)
    (requiresWeightGradient, requiresBiasGradient) = (weight.isTracked, bias?.isTracked ?? false)
  }

  /// Weight, bias and residual, as far as there are any: the inputs of the operation that follow x.
  static func operands(_ weight: Tensor, _ bias: Tensor?, _ residual: Tensor?) -> [Tensor] {
    [weight] + [bias, residual].compactMap { $0 }
  }

  /// y [rows, outputs] without a gradient; a generator computes x from the tensor's scalars while it is packed.
  func product(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, residual: Tensor?, generator: OperandGenerator? = nil
  ) -> Tensor {
    Tensor(unfilled: x.shape.dropLast() + [outputs]) { target in
      let target = target.baseAddress!
      let epilogue = GEMMEpilogue(
        bias: bias.map { UnsafePointer($0.buffer.pointer) },
        addend: residual.map { .matrix(UnsafePointer($0.buffer.pointer)) } ?? .none)
      let a = GEMMOperand(Matrix(pointer: x.buffer.pointer, stride: inputs), generator: generator)
      if usesMicroKernels, rows <= PackedWeights.fewRows, inputs > 0, !x.isTracked, !weight.isTracked {
        return PackedWeights.product(rows: rows, a, weight, into: target, epilogue: epilogue)
      }
      gemm(
        GEMMShape(m: rows, n: outputs, k: inputs), a,
        GEMMOperand(Matrix(pointer: weight.buffer.pointer, stride: inputs, transposed: true)),
        into: OutputMatrix(pointer: target, stride: outputs), epilogue: epilogue)
    }
  }

  /// dx [rows, inputs] = g [rows, outputs] W, written to `target`; `completion` runs on its blocks.
  func inputGradient(
    _ g: Tensor, _ weight: Tensor, into target: UnsafeMutablePointer<Float>,
    completion: @escaping (_ rows: Range<Int>, _ columns: Range<Int>) -> Void
  ) {
    gemm(
      GEMMShape(m: rows, n: inputs, k: outputs), Matrix(pointer: g.buffer.pointer, stride: outputs),
      Matrix(pointer: weight.buffer.pointer, stride: inputs), into: OutputMatrix(pointer: target, stride: inputs),
      epilogue: GEMMEpilogue(completion: completion))
  }

  /// dW [outputs, inputs] = g^T x and db [outputs] = the sums of the columns of g, as far as they are needed, and the
  /// residual's gradient, which is g [rows, outputs] as it is.
  ///
  /// A generator computes x from the tensor's scalars while it is packed. The column sums are a by-product of packing
  /// g^T.
  func gradients(
    _ g: Tensor, _ x: Tensor, requiresBiasGradient: Bool, generator: OperandGenerator? = nil
  ) -> LinearGradients {
    guard requiresWeightGradient else {
      return LinearGradients(bias: requiresBiasGradient ? g.columnSums(width: outputs) : nil, residual: g)
    }
    let bias = requiresBiasGradient ? Tensor(zeros: [outputs]) : nil
    let weight = Tensor(unfilled: [outputs, inputs]) {
      gemm(
        GEMMShape(m: outputs, n: inputs, k: g.count / Swift.max(1, outputs)),
        GEMMOperand(
          Matrix(pointer: g.buffer.pointer, stride: outputs, transposed: true), rowSums: bias?.buffer.pointer),
        GEMMOperand(Matrix(pointer: x.buffer.pointer, stride: inputs), generator: generator),
        into: OutputMatrix(pointer: $0.baseAddress!, stride: inputs))
    }
    return LinearGradients(weight: weight, bias: bias, residual: g)
  }
}
