/// C = alpha A B + bias + addend by micro-kernels, on all threads.
///
/// B is packed once, by all threads, `kb` rows and `nc` columns at a time (two megabytes). Then `OutputBlocks` of C are
/// computed: for up to kc rows of packed B, micro-panel by micro-panel, which stay in the second-level cache while the
/// rows of a block of A pass over them. A matrix A that is transposed or generated is packed block by block.
func blockedProduct(
  _ shape: GEMMShape, _ a: GEMMOperand, _ b: GEMMOperand, into target: TileTarget, _ epilogue: GEMMEpilogue
) {
  let (m, n, k) = (shape.m, shape.n, shape.k)
  let nc = Swift.min(n, GEMMBlocking.nc), kc = equalParts(of: k, most: GEMMBlocking.kc)
  // Rows of B that are packed before a pass over C: a multiple of kc, nc * kb <= 2^19 floats.
  let kb = equalParts(of: k, most: Swift.max(1, GEMMBlocking.packedCount / nc / kc) * kc, unit: kc)
  let packedA = PackedA(operand: a), packedB = PackedB(operand: b)
  let elements = Buffer(count: PackedB.count(rows: kb, columns: nc))
  for column in stride(from: 0, to: n, by: nc) {
    let columns = column..<Swift.min(n, column + nc)
    for row in stride(from: 0, to: k, by: kb) {
      let rows = row..<Swift.min(k, row + kb)
      packedB.packInParallel(rows: rows, columns: columns, kc: kc, into: elements.pointer)
      let range = PackedRange(pointer: elements.pointer, rows: rows, columns: columns, kc: Swift.min(kc, rows.count))
      let blocks = OutputBlocks(packedA, range, m: m, target, epilogue)
      parallel(blocks.count, cost: m * columns.count * rows.count / 16 / blocks.count, pieces: blocks.count) { range in
        let scratch = Buffer(count: blocks.scratchCount)
        for block in range { blocks.multiply(block, isLast: rows.upperBound == k, scratch.pointer) }
      }
    }
  }
}

/// The size of parts, none above `most`, into which so many items are cut as evenly as multiples of `unit` allow.
private func equalParts(of count: Int, most: Int, unit: Int = vectorWidth) -> Int {
  let parts = (count + most - 1) / most, even = (count + parts - 1) / parts
  return Swift.min(count, (even + unit - 1) / unit * unit)
}
