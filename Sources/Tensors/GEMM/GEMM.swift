/// C [m, n] = alpha A [m, k] B [k, n] + bias [n] + addend [m, n] on all threads, or on the calling one inside a kernel.
///
/// The sum over k runs in blocks of `GEMMBlocking.kc`, whatever the number of threads, so that results do not depend
/// on it.
package func gemm(
  _ shape: GEMMShape, alpha: Float = 1, _ a: GEMMOperand, _ b: GEMMOperand, into c: OutputMatrix,
  epilogue: GEMMEpilogue = GEMMEpilogue()
) {
  let (m, n, k) = (shape.m, shape.n, shape.k)
  guard m > 0, n > 0 else { return }
  Profile.shared.multiplied(m, n, k)
  // Packing B pays for many rows of A only; with few rows the transposed product packs A in its place.
  let isSwapped = m <= 64 && m * 2 <= n
  let usesMicroKernels = usesMicroKernels && k > 0
  // Blocks of C set pointers, sizes and scratch of their part.
  var target = TileTarget(
    pointer: c.pointer, stride: c.stride, rows: m, columns: n, scale: alpha,
    addend: epilogue.addendPointer(c.pointer), bias: epilogue.bias, scratch: c.pointer)
  if usesMicroKernels && !isSwapped { return blockedProduct(shape, a, b, into: target, epilogue) }
  if let sums = a.rowSums {
    let matrix = a.matrix
    for step in 0..<k { for row in 0..<m { sums[row] += matrix.pointer[step * matrix.stride + row] } }
  }
  let generated = (a.generator.map { generate(m, k, $0) }, b.generator.map { generate(k, n, $0) })
  let aMatrix = generated.0.map { Matrix(pointer: $0.pointer, stride: k) } ?? a.matrix
  let bMatrix = generated.1.map { Matrix(pointer: $0.pointer, stride: n) } ?? b.matrix
  if usesMicroKernels {
    // C^T = B^T A^T, written through a transposed target.
    target.isTransposed = true
    blockedProduct(
      GEMMShape(m: n, n: m, k: k), GEMMOperand(bMatrix.transposed), GEMMOperand(aMatrix.transposed), into: target,
      GEMMEpilogue())
  } else {
    libraryProduct(shape, alpha: alpha, aMatrix, bMatrix, into: c, epilogue: epilogue)
  }
  epilogue.completion?(0..<m, 0..<n)
  withExtendedLifetime(generated) {}
}

/// The product of two matrices that lie in memory; see above.
package func gemm(
  _ shape: GEMMShape, alpha: Float = 1, _ a: Matrix, _ b: Matrix, into c: OutputMatrix,
  epilogue: GEMMEpilogue = GEMMEpilogue()
) {
  gemm(shape, alpha: alpha, GEMMOperand(a), GEMMOperand(b), into: c, epilogue: epilogue)
}

/// All rows of an operand [rows, columns], where a product needs them in memory.
private func generate(_ rows: Int, _ columns: Int, _ generator: OperandGenerator) -> Buffer {
  let elements = Buffer(count: rows * columns)
  withoutActuallyEscaping(generator) { generator in
    parallel(rows, cost: 8 * columns) { range in
      for row in range { generator(row, 0, columns, elements.pointer + row * columns) }
    }
  }
  return elements
}
