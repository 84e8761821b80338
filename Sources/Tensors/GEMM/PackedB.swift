import COpenBLAS

/// Packs part of a matrix B into micro-panels of nr columns: [micro-panel][row][columns of the micro-panel]. The last
/// micro-panel is padded with zeros to a multiple of 16 columns.
@inline(__always)
func pack(
  _ matrix: Matrix, rows: Range<Int>, columns: Range<Int>, into target: UnsafeMutablePointer<Float>
) {
  var target = target, column = columns.lowerBound
  while column < columns.upperBound {
    let count = Swift.min(GEMMBlocking.nr, columns.upperBound - column), width = paddedToVectors(count)
    packPanel(matrix, rows: rows, column, count, width, into: target)
    target += rows.count * width
    column += count
  }
}

/// Packs one micro-panel of `count` columns from `column` on: [row][width], `width` a multiple of 16.
private func packPanel(
  _ matrix: Matrix, rows: Range<Int>, _ column: Int, _ count: Int, _ width: Int,
  into target: UnsafeMutablePointer<Float>
) {
  let whole = count / vectorWidth
  if !matrix.isTransposed {
    var from = matrix.pointer + rows.lowerBound * matrix.stride + column, to = target
    for _ in 0..<rows.count {
      for vector in 0..<whole {
        overtone_prefetch(from + (vectorWidth &* matrix.stride &+ vectorWidth &* vector))
        to[vector: vectorWidth &* vector] = from[vector: vectorWidth &* vector]
      }
      if whole * vectorWidth < count {
        to[vector: vectorWidth * whole] = loadPartial(from + vectorWidth * whole, count - vectorWidth * whole)
      }
      from += matrix.stride
      to += width
    }
    return
  }
  // Squares of 16 by 16 are transposed in registers.
  let squares = rows.count / vectorWidth
  for vector in 0..<width / vectorWidth {
    let from = matrix.pointer + (column + vectorWidth * vector) * matrix.stride + rows.lowerBound,
      to = target + vectorWidth * vector
    let real = Swift.min(vectorWidth, count - vectorWidth * vector)
    var done = 0
    if real == vectorWidth {
      for square in 0..<squares {
        overtone_transpose(from + vectorWidth * square, matrix.stride, to + vectorWidth * square * width, width)
      }
      done = vectorWidth * squares
    }
    for row in done..<Swift.max(done, rows.count) {
      for i in 0..<vectorWidth { to[row &* width &+ i] = i < real ? from[i &* matrix.stride &+ row] : 0 }
    }
  }
}

/// The operand B [k, n] of a product, packed into micro-panels.
struct PackedB {
  let operand: GEMMOperand

  /// Packs some rows and the columns of one micro-panel as `pack` does, generated if need be.
  private func pack(rows: Range<Int>, columns: Range<Int>, into target: UnsafeMutablePointer<Float>) {
    guard let generator = operand.generator else {
      return Tensors.pack(operand.matrix, rows: rows, columns: columns, into: target)
    }
    let width = paddedToVectors(columns.count)
    var to = target
    for row in rows {
      generator(row, columns.lowerBound, columns.count, to)
      (to + columns.count).update(repeating: 0, count: width - columns.count)
      to += width
    }
  }

  /// Floats of so many packed rows and columns.
  static func count(rows: Int, columns: Int) -> Int { rows * (paddedToVectors(columns)) }

  /// Packs some rows and columns on all threads, `kc` rows after others: [rows / kc][micro-panel], each as `pack` does.
  func packInParallel(rows: Range<Int>, columns: Range<Int>, kc: Int, into target: UnsafeMutablePointer<Float>) {
    let nr = GEMMBlocking.nr
    let panels = (columns.count + nr - 1) / nr, blocks = (rows.count + kc - 1) / kc
    parallel(blocks * panels, cost: (operand.generator == nil ? 64 : 256) * kc, pieces: blocks * panels) { range in
      for part in range {
        let firstRow = rows.lowerBound + part / panels * kc, column = part % panels * nr
        let blockRows = firstRow..<Swift.min(rows.upperBound, firstRow + kc)
        let firstColumn = columns.lowerBound + column
        let offset =
          Self.count(rows: firstRow - rows.lowerBound, columns: columns.count)
          + Self.count(rows: blockRows.count, columns: column)
        pack(
          rows: blockRows, columns: firstColumn..<Swift.min(columns.upperBound, firstColumn + nr), into: target + offset
        )
      }
    }
  }
}
