extension HeadBench {
  /// Gradients of queries, keys and values; those of what was turned are turned back.
  func back(
    _ query: Matrix, _ key: Matrix, _ worth: Matrix, turnedBy angles: HeadRotation? = nil, gradient: Matrix,
    result: Matrix, sums: UnsafePointer<Float>,
    into to: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>), stride: Int
  ) {
    let (n, m, d, wide) = (plan.queries, plan.keys, plan.width, plan.apart)
    Profile.shared.multiplied(5 * n, m, d)
    let q = copied(query, count: n, angles, into: copies.queries)
    let k = copied(key, count: m, angles, into: copies.keys)
    let g = copied(gradient, count: n, nil, into: copies.others)
    for i in 0..<n { known.pointer[i] = rowDot(g.pointer + i * g.stride, result.pointer + i * result.stride, d) }
    if usesMicroKernels {
      pack(k.transposed, rows: 0..<d, columns: 0..<m, into: keys.pointer)
      pack(worth.transposed, rows: 0..<d, columns: 0..<m, into: values.pointer)
    }
    for first in Swift.stride(from: 0, to: n, by: block) {
      let rows = first..<Swift.min(n, first + block)
      if usesMicroKernels {
        score(rows, of: q, keys, into: shares.pointer)
        score(rows, of: g, values, into: slopes.pointer)
      } else {
        gemm(GEMMShape(m: n, n: m, k: d), q, k.transposed, into: OutputMatrix(pointer: shares.pointer, stride: wide))
        gemm(
          GEMMShape(m: n, n: m, k: d), g, worth.transposed, into: OutputMatrix(pointer: slopes.pointer, stride: wide))
      }
      for i in rows {
        askNext(query, i, of: n)
        askNext(key, i, of: m)
        askNext(worth, i, of: m)
        askNext(gradient, i, of: n)
        askNext(result, i, of: n)
        slope(i, (i - first) * wide, sums[i])
      }
      if usesMicroKernels {
        mixBack(rows, q, k, g, into: to, stride: stride)
      } else {
        let slopes = Matrix(pointer: slopes.pointer, stride: wide),
          shares = Matrix(pointer: shares.pointer, stride: wide)
        gemm(GEMMShape(m: n, n: d, k: m), slopes, k, into: OutputMatrix(pointer: to.0, stride: stride))
        gemm(GEMMShape(m: m, n: d, k: n), slopes.transposed, q, into: OutputMatrix(pointer: to.1, stride: stride))
        gemm(GEMMShape(m: m, n: d, k: n), shares.transposed, g, into: OutputMatrix(pointer: to.2, stride: stride))
      }
    }
    if let back = angles?.inverse {
      for row in 0..<n { back.rotate(to.0 + row * stride, into: to.0 + row * stride, row: row, headDim: d) }
      for row in 0..<m { back.rotate(to.1 + row * stride, into: to.1 + row * stride, row: row, headDim: d) }
    }
  }

  /// The shares of a query once more, exp(q k / sqrt(d) - logarithm of the sum), and the slopes of its scores.
  @inline(__always)
  private func slope(_ query: Int, _ offset: Int, _ sum: Float) {
    let row = shares.pointer + offset, slope = slopes.pointer + offset, seen = plan.visible[query]
    let along = known.pointer[query], scale = plan.scale
    var key = 0
    while key < seen {
      let share = exp(row[vector: key] * scale - sum)
      row[vector: key] = share
      slope[vector: key] = share * (slope[vector: key] - along) * scale
      key &+= 16
    }
    if seen < plan.padded {
      (row + seen).update(repeating: 0, count: plan.padded - seen)
      (slope + seen).update(repeating: 0, count: plan.padded - seen)
    }
  }

  /// From shares and slopes of some queries to the three gradients: those of keys and values add to what earlier queries
  /// said.
  private func mixBack(
    _ rows: Range<Int>, _ q: Matrix, _ k: Matrix, _ g: Matrix,
    into to: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>), stride: Int
  ) {
    let (n, m, wide) = (plan.queries, plan.keys, plan.apart)
    let shares = shares.pointer, slopes = slopes.pointer
    for line in Swift.stride(from: rows.lowerBound, to: rows.upperBound, by: GEMMBlocking.mr) {
      let count = Swift.min(GEMMBlocking.mr, n - line)
      mix(
        slopes + (line - rows.lowerBound) * wide, across: wide, step: 1, count: count,
        length: seen[line / GEMMBlocking.mr],
        k, from: 0, into: to.0 + line * stride, stride: stride)
    }
    for line in Swift.stride(from: 0, to: m, by: GEMMBlocking.mr) {
      let count = Swift.min(GEMMBlocking.mr, m - line)
      // Queries before the first that sees these keys have nothing to say.
      let earliest = first[line / GEMMBlocking.mr], from = Swift.max(rows.lowerBound, earliest)
      if earliest >= n && rows.lowerBound == 0 {
        for row in line..<line + count {
          (to.1 + row * stride).update(repeating: 0, count: plan.width)
          (to.2 + row * stride).update(repeating: 0, count: plan.width)
        }
      }
      guard from < rows.upperBound else { continue }
      let offset = (from - rows.lowerBound) * wide + line, length = rows.upperBound - from
      let adds = earliest < rows.lowerBound
      mix(
        slopes + offset, across: 1, step: wide, count: count, length: length, q, from: from,
        into: to.1 + line * stride, stride: stride, adds: adds)
      mix(
        shares + offset, across: 1, step: wide, count: count, length: length, g, from: from,
        into: to.2 + line * stride, stride: stride, adds: adds)
    }
  }
}
