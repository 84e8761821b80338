/// Writes `count` elements of row `row` of an operand, from column `column` on, to `target`.
///
/// A product calls it on several threads while it packs, so that activations and norms of an operand never lie in memory
/// as a whole.
typealias OperandGenerator = (_ row: Int, _ column: Int, _ count: Int, _ target: UnsafeMutablePointer<Float>) -> Void

/// The sizes of a product C [m, n] = A [m, k] B [k, n].
struct GEMMShape {
  var m: Int, n: Int, k: Int
}

/// One of the two factors of a product.
struct GEMMOperand {
  /// The elements in memory.
  let matrix: Matrix
  /// Computes elements that are multiplied in place of those in memory; the matrix must not be transposed then.
  let generator: OperandGenerator?
  /// [rows]: the sum of each row of A is added here while A is packed; A must be transposed then.
  let rowSums: UnsafeMutablePointer<Float>?

  init(_ matrix: Matrix, generator: OperandGenerator? = nil, rowSums: UnsafeMutablePointer<Float>? = nil) {
    (self.matrix, self.generator, self.rowSums) = (matrix, generator, rowSums)
  }
}

/// The operations on C that follow the sum over k: C = alpha A B + bias + addend, and then `completion`.
struct GEMMEpilogue {
  /// The matrix that is added to a product.
  enum Addend {
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

  /// The first element of what is added to a product that is written to `c`; nil if nothing is.
  func addendPointer(_ c: UnsafeMutablePointer<Float>) -> UnsafePointer<Float>? {
    switch addend {
    case .none: nil
    case .output: UnsafePointer(c)
    case .matrix(let pointer): pointer
    }
  }
}
