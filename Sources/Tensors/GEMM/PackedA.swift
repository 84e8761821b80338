import COpenBLAS

/// The operand A [m, k] of a product, packed into micro-panels of mr rows where it is transposed or generated, and read
/// where it lies otherwise.
struct PackedA {
  let operand: GEMMOperand

  /// True if micro-panels are packed before they are multiplied.
  var isPacked: Bool { operand.matrix.isTransposed || operand.generator != nil }

  /// Floats of so many packed micro-panels, each with `steps` columns.
  ///
  /// A vector is left free between micro-panels, or all would fall into the same few sets of the cache.
  static func count(panels: Int, steps: Int) -> Int { panels * (GEMMBlocking.mr * (steps + vectorWidth) + vectorWidth) }

  /// The micro-panels of some rows and of some columns (steps along k), packed into `elements` if need be.
  ///
  /// With `addsRowSums` the sums of the rows are added to those of the operand.
  func panels(
    _ rows: Range<Int>, steps: Range<Int>, addsRowSums: Bool, into elements: UnsafeMutablePointer<Float>
  ) -> PanelLayout {
    let matrix = operand.matrix, mr = GEMMBlocking.mr
    if matrix.isTransposed {
      let panels = PanelLayout(start: elements, rowStride: 1, kStride: mr, panelStride: mr * steps.count + vectorWidth)
      let sums = addsRowSums ? operand.rowSums.map { $0 + rows.lowerBound } : nil
      packTransposed(matrix, rows: rows, columns: steps, panels.panelStride, sums: sums, into: elements)
      return panels
    }
    guard let generator = operand.generator else {
      let start = matrix.pointer + (rows.lowerBound * matrix.stride + steps.lowerBound)
      return PanelLayout(
        start: start, rowStride: matrix.stride, kStride: 1, panelStride: mr * matrix.stride, isUnpacked: true)
    }
    let width = paddedToVectors(steps.count)
    for row in rows { generator(row, steps.lowerBound, steps.count, elements + (row - rows.lowerBound) * width) }
    return PanelLayout(start: elements, rowStride: width, kStride: 1, panelStride: mr * width)
  }
}

/// Packs rows of a matrix whose columns are contiguous: [micro-panel][column][mr rows], `panelStride` floats from one
/// micro-panel to the next. The sum of each row over these columns is added to `sums`.
private func packTransposed(
  _ matrix: Matrix, rows: Range<Int>, columns: Range<Int>, _ panelStride: Int, sums: UnsafeMutablePointer<Float>?,
  into target: UnsafeMutablePointer<Float>
) {
  let stride = matrix.stride, mr = GEMMBlocking.mr, panels = (rows.count + mr - 1) / mr
  // Strides: the source `stride` between columns and 1 between rows; the target mr between columns, 1 between rows.
  var source = matrix.pointer + columns.lowerBound * stride + rows.lowerBound, to = target, left = columns.count
  // Four columns at once, for fewer iterations.
  while left > 0 {
    let count = Swift.min(4, left)
    for column in 0..<count {
      // Columns are too far from one another for the hardware prefetchers.
      let line = source + column &* stride
      for i in Swift.stride(from: 0, to: rows.count, by: vectorWidth) {
        overtone_prefetch(line + (vectorWidth &* stride &+ i))
      }
    }
    if let sums { add(source, stride: stride, columns: count, to: sums, count: rows.count) }
    if count == 4 {
      var from = source, panel = to
      for _ in 0..<panels {
        copyColumn(from, panel)
        copyColumn(from + stride, panel + mr)
        copyColumn(from + 2 &* stride, panel + 2 &* mr)
        copyColumn(from + 3 &* stride, panel + 3 &* mr)
        from += mr
        panel += panelStride
      }
    } else {
      for column in 0..<count {
        for panel in 0..<panels {
          copyColumn(source + (column &* stride &+ panel &* mr), to + (panel &* panelStride &+ column &* mr))
        }
      }
    }
    source += count &* stride
    to += count &* mr
    left &-= count
  }
}

/// Adds columns, with a stride of `stride` floats, to the sums of `count` rows; up to 15 rows beyond them are read, not
/// stored.
@inline(__always)
private func add(
  _ source: UnsafePointer<Float>, stride: Int, columns: Int, to sums: UnsafeMutablePointer<Float>, count: Int
) {
  for i in Swift.stride(from: 0, to: count, by: vectorWidth) {
    var sum = source[vector: i]
    for column in 1..<columns { sum += (source + column &* stride)[vector: i] }
    sums.store(sum + sums[vector: i], i, of: count)
  }
}

/// Copies the mr = 6 floats of a column of a micro-panel as eight: two of them are overwritten by the next column, or
/// lie in the free vector between micro-panels.
@inline(__always)
private func copyColumn(_ source: UnsafePointer<Float>, _ target: UnsafeMutablePointer<Float>) {
  let column = UnsafeRawPointer(source).loadUnaligned(as: SIMD8<Float>.self)
  UnsafeMutableRawPointer(target).storeBytes(of: column, as: SIMD8<Float>.self)
}
