import COpenBLAS

/// Part of the right side of a product, columns 64 at a time: [panel][row][columns of the panel], the last panel filled
/// up with zeros to whole vectors of 16.
@inline(__always)
func pack(
  _ matrix: Matrix, rows: Range<Int>, columns: Range<Int>, into target: UnsafeMutablePointer<Float>
) {
  var target = target, column = columns.lowerBound
  while column < columns.upperBound {
    let count = Swift.min(64, columns.upperBound - column), width = (count + 15) / 16 * 16
    packPanel(matrix, rows: rows, column, count, width, into: target)
    target += rows.count * width
    column += count
  }
}

private func packPanel(
  _ matrix: Matrix, rows: Range<Int>, _ column: Int, _ count: Int, _ width: Int,
  into target: UnsafeMutablePointer<Float>
) {
  let whole = count / 16
  if !matrix.transposed {
    var from = matrix.pointer + rows.lowerBound * matrix.stride + column, to = target
    for _ in 0..<rows.count {
      for lane in 0..<whole {
        overtone_prefetch(from + (16 &* matrix.stride &+ 16 &* lane))
        to[vector: 16 &* lane] = from[vector: 16 &* lane]
      }
      if whole * 16 < count { to[vector: 16 * whole] = partial(from + 16 * whole, count - 16 * whole) }
      from += matrix.stride
      to += width
    }
    return
  }
  let squares = rows.count / 16
  for lane in 0..<width / 16 {
    let from = matrix.pointer + (column + 16 * lane) * matrix.stride + rows.lowerBound, to = target + 16 * lane
    let real = Swift.min(16, count - 16 * lane)
    var done = 0
    if real == 16 {
      for square in 0..<squares {
        overtone_transpose(from + 16 * square, matrix.stride, to + 16 * square * width, width)
      }
      done = 16 * squares
    }
    for row in done..<Swift.max(done, rows.count) {
      for i in 0..<16 { to[row &* width &+ i] = i < real ? from[i &* matrix.stride &+ row] : 0 }
    }
  }
}

/// The right side of a product.
struct RightSide {
  let matrix: Matrix
  /// Makes its numbers, where they are not read.
  let fill: ProductWay.Fill?

  /// Some rows and columns, as `pack` lays out columns of one panel.
  func pack(rows: Range<Int>, columns: Range<Int>, into target: UnsafeMutablePointer<Float>) {
    guard let fill else { return Tensors.pack(matrix, rows: rows, columns: columns, into: target) }
    let width = (columns.count + 15) / 16 * 16
    var to = target
    for row in rows {
      fill(row, columns.lowerBound, columns.count, to)
      (to + columns.count).update(repeating: 0, count: width - columns.count)
      to += width
    }
  }

  /// Floats that rows of so many columns take.
  static func count(rows: Int, columns: Int) -> Int { rows * ((columns + 15) / 16 * 16) }

  /// Some rows and columns by all threads, `depth` rows after others: [rows / depth][panel], each as `pack` lays it out.
  func packShared(rows: Range<Int>, columns: Range<Int>, depth: Int, into target: UnsafeMutablePointer<Float>) {
    let panels = (columns.count + 63) / 64, steps = (rows.count + depth - 1) / depth
    parallel(steps * panels, cost: (fill == nil ? 64 : 256) * depth, pieces: steps * panels) { range in
      for part in range {
        let first = rows.lowerBound + part / panels * depth, column = part % panels * 64
        let down = first..<Swift.min(rows.upperBound, first + depth)
        let across = columns.lowerBound + column..<Swift.min(columns.upperBound, columns.lowerBound + column + 64)
        let place =
          Self.count(rows: first - rows.lowerBound, columns: columns.count)
          + Self.count(rows: down.count, columns: column)
        pack(rows: down, columns: across, into: target + place)
      }
    }
  }
}
