/// Writes `count` elements of row `row` of an operand, from column `column` on, to `target`.
///
/// A product calls it on several threads while it packs, so that activations and norms of an operand never lie in
/// memory as a whole.
package typealias OperandGenerator = (_ row: Int, _ column: Int, _ count: Int, _ target: UnsafeMutablePointer<Float>) ->
  Void

/// The sizes of a product C [m, n] = A [m, k] B [k, n].
package struct GEMMShape {
  var m: Int, n: Int, k: Int

  /// The sizes of C [m, n] = A [m, k] B [k, n].
  package init(m: Int, n: Int, k: Int) { (self.m, self.n, self.k) = (m, n, k) }
}

/// One of the two factors of a product.
package struct GEMMOperand {
  /// The elements in memory.
  let matrix: Matrix
  /// Computes elements that are multiplied in place of those in memory; the matrix must not be transposed then.
  let generator: OperandGenerator?
  /// [rows]: the sum of each row of A is added here while A is packed; A must be transposed then.
  let rowSums: UnsafeMutablePointer<Float>?

  /// A matrix that is read, generated or, if it is A, summed by rows.
  package init(_ matrix: Matrix, generator: OperandGenerator? = nil, rowSums: UnsafeMutablePointer<Float>? = nil) {
    (self.matrix, self.generator, self.rowSums) = (matrix, generator, rowSums)
  }
}

/// The operations on C that follow the sum over k: C = alpha A B + bias + addend, and then `completion`.
package struct GEMMEpilogue {
  /// The matrix that is added to a product.
  package enum Addend {
    /// C = A B (BLAS: beta = 0).
    case none
    /// C += A B (BLAS: beta = 1).
    case output
    /// C = A B + D, where D [m, n] has the row stride of C.
    case matrix(UnsafePointer<Float>)
  }

  /// [n], added to each row.
  var bias: UnsafePointer<Float>?
  /// Added to each element.
  var addend = Addend.none
  /// Called on several threads when a block of C is complete and still in a cache.
  var completion: ((_ rows: Range<Int>, _ columns: Range<Int>) -> Void)?

  /// An epilogue of the operations that are given.
  package init(
    bias: UnsafePointer<Float>? = nil, addend: Addend = .none,
    completion: ((_ rows: Range<Int>, _ columns: Range<Int>) -> Void)? = nil
  ) {
    (self.bias, self.addend, self.completion) = (bias, addend, completion)
  }

  /// The first element of what is added to a product that is written to `c`; nil if nothing is.
  func addendPointer(_ c: UnsafeMutablePointer<Float>) -> UnsafePointer<Float>? {
    switch addend {
    case .none: nil
    case .output: UnsafePointer(c)
    case .matrix(let pointer): pointer
    }
  }
}
