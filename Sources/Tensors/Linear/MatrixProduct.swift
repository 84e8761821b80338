/// A tensor seen as a matrix [rows, columns], or as the transpose of one.
struct TensorMatrix {
  let tensor: Tensor
  let rows: Int, columns: Int
  let matrix: Matrix

  /// The matrix with rows and columns exchanged; nothing is copied.
  var transposed: TensorMatrix {
    TensorMatrix(tensor: tensor, rows: columns, columns: rows, matrix: matrix.transposed)
  }
}

extension Tensor {
  /// The scalars as a matrix of this shape, whatever the shape of the tensor.
  func asMatrix(_ rows: Int, _ columns: Int) -> TensorMatrix {
    TensorMatrix(
      tensor: self, rows: rows, columns: columns, matrix: Matrix(pointer: buffer.pointer, stride: columns))
  }

  /// A tensor of shape [rows, columns] as a matrix.
  func asMatrix() -> TensorMatrix { asMatrix(shape[0], shape[1]) }

  /// The matrix product [rows, inner] [inner, columns]; both sides must be matrices.
  public func product(_ other: Tensor) -> Tensor {
    precondition(
      shape.count == 2 && other.shape.count == 2 && shape[1] == other.shape[0],
      "matrices of shape \(shape) and \(other.shape) do not multiply")
    return Tensor.product(asMatrix(), other.asMatrix(), onto: nil).recorded(inputs: [self, other]) {
      [a = detached, b = other.detached] g in
      // y = a b: da = g b^T, db = a^T g.
      [
        Tensor.product(g.asMatrix(), b.asMatrix().transposed, onto: nil),
        Tensor.product(a.asMatrix().transposed, g.asMatrix(), onto: nil),
      ]
    }
  }

  /// The product of two matrices without a gradient; it is added in place to `sum`, whose scalars no other tensor
  /// holds, if there is one.
  static func product(_ a: TensorMatrix, _ b: TensorMatrix, onto sum: Tensor?) -> Tensor {
    let (rows, columns) = (a.rows, b.columns)
    let target = sum ?? Tensor(shape: [rows, columns], buffer: Buffer(count: rows * columns), node: nil)
    gemm(
      GEMMShape(m: rows, n: columns, k: a.columns), a.matrix, b.matrix,
      into: OutputMatrix(pointer: target.buffer.pointer, stride: columns),
      epilogue: GEMMEpilogue(addend: sum == nil ? .none : .output))
    return target
  }

  /// The matrix with rows and columns exchanged: [rows, columns] to [columns, rows].
  public var transposed: Tensor {
    precondition(shape.count == 2, "only a matrix is transposed, not shape \(shape)")
    let (rows, columns) = (shape[0], shape[1]), source = buffer.pointer
    let value = Tensor(unfilled: [columns, rows]) { target in
      for r in 0..<rows { for c in 0..<columns { target[c * rows + r] = source[r * columns + c] } }
    }
    return value.recorded(inputs: [self]) { [$0.transposed] }
  }
}
