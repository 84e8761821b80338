/// A matrix in memory that is read: rows of `stride` floats, or the transpose of such rows.
package struct Matrix {
  /// Element [0, 0].
  var pointer: UnsafePointer<Float>
  /// Floats from one row in memory to the next.
  var stride: Int
  /// True if the matrix is the transpose of what lies in memory: element [i, j] is then at `j * stride + i`.
  var isTransposed: Bool

  /// The matrix whose element [0, 0] is at `pointer`, or its transpose.
  @inline(__always)
  package init(pointer: UnsafePointer<Float>, stride: Int, transposed: Bool = false) {
    (self.pointer, self.stride, isTransposed) = (pointer, stride, transposed)
  }

  /// Floats from one row of the matrix to the next (BLIS: rs).
  var rowStride: Int { isTransposed ? 1 : stride }
  /// Floats from one column of the matrix to the next (BLIS: cs).
  var columnStride: Int { isTransposed ? stride : 1 }
  /// The matrix with rows and columns exchanged; nothing is copied.
  var transposed: Matrix { Matrix(pointer: pointer, stride: stride, transposed: !isTransposed) }
}

/// A matrix in memory that a product is written to: rows of `stride` floats.
package struct OutputMatrix {
  /// Element [0, 0].
  package var pointer: UnsafeMutablePointer<Float>
  /// Floats from one row to the next.
  var stride: Int

  /// The matrix whose element [0, 0] is at `pointer`.
  @inline(__always)
  package init(pointer: UnsafeMutablePointer<Float>, stride: Int) { (self.pointer, self.stride) = (pointer, stride) }
}
