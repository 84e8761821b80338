import COpenBLAS

/// C = alpha A B + bias + addend by the BLAS library.
///
/// The library runs single-threaded; the threads of `ThreadPool` each compute a range of rows, or of columns, of C.
package func libraryProduct(
  _ shape: GEMMShape, alpha: Float, _ a: Matrix, _ b: Matrix, into c: OutputMatrix, epilogue: GEMMEpilogue
) {
  let (m, n, k) = (shape.m, shape.n, shape.k), bias = epilogue.bias
  let accumulates = epilogue.addendPointer(c.pointer) != nil
  if case .matrix(let addend) = epilogue.addend {
    for row in 0..<m { (c.pointer + row * c.stride).update(from: addend + row * c.stride, count: n) }
  }
  if let bias {
    for row in 0..<m {
      let line = c.pointer + row * c.stride
      if accumulates {
        for i in 0..<n { line[i] += bias[i] }
      } else {
        line.update(from: bias, count: n)
      }
    }
  }
  if k == 0 {
    if bias == nil && !accumulates { for row in 0..<m { (c.pointer + row * c.stride).update(repeating: 0, count: n) } }
    return
  }
  let blas = BLAS.loaded, beta: Float = accumulates || bias != nil ? 1 : 0
  func multiply(_ rows: Range<Int>, _ columns: Range<Int>) {
    blas.multiply(
      CblasRowMajor, a.isTransposed ? CblasTrans : CblasNoTrans, b.isTransposed ? CblasTrans : CblasNoTrans,
      Int32(rows.count), Int32(columns.count), Int32(k), alpha, a.pointer + rows.lowerBound * a.rowStride,
      Int32(a.stride), b.pointer + columns.lowerBound * b.columnStride, Int32(b.stride), beta,
      c.pointer + (rows.lowerBound * c.stride + columns.lowerBound), Int32(c.stride))
  }
  if m >= n {
    parallel(m, cost: n * k / 16, pieces: 1) { multiply($0, 0..<n) }
  } else {
    parallel(n, cost: m * k / 16, unit: 16, pieces: 1) { multiply(0..<m, $0) }
  }
}
