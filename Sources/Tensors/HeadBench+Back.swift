extension HeadBench {
  /// Gradients of queries, keys and values; those of what was turned are turned back.
  func back(
    _ query: Matrix, _ key: Matrix, _ worth: Matrix, turnedBy angles: HeadAngles? = nil, gradient: Matrix,
    result: Matrix, sums: UnsafePointer<Float>,
    into to: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>), stride: Int
  ) {
    let (n, m, d, wide) = (plan.queries, plan.keys, plan.width, plan.padded), scale = plan.scale
    let shares = shares.pointer, slopes = slopes.pointer
    Profile.shared.multiplied(5 * n, m, d)
    let q = copied(query, count: n, angles, into: copies.queries)
    let k = copied(key, count: m, angles, into: copies.keys)
    let g = copied(gradient, count: n, nil, into: copies.others)
    if multipliesByTiles {
      pack(k.turned, rows: 0..<d, columns: 0..<m, into: keys.pointer)
      pack(worth.turned, rows: 0..<d, columns: 0..<m, into: values.pointer)
      for line in Swift.stride(from: 0, to: n, by: tileHeight) {
        let seen = seen[line / tileHeight]
        score(q, line, keys, seen, into: shares + line * wide)
        score(g, line, values, seen, into: slopes + line * wide)
      }
    } else {
      matrixProduct(n, m, d, q, k.turned, into: shares, stride: wide)
      matrixProduct(n, m, d, g, worth.turned, into: slopes, stride: wide)
    }
    for i in 0..<n {
      askNext(query, i, of: n)
      askNext(key, i, of: m)
      askNext(worth, i, of: m)
      askNext(gradient, i, of: n)
      askNext(result, i, of: n)
      // The shares once more: exp(q k / sqrt(d) - log of the sum).
      let row = shares + i * wide, slope = slopes + i * wide, sum = sums[i], seen = plan.visible[i]
      let along = rowDot(g.pointer + i * g.stride, result.pointer + i * result.stride, d)
      var j = 0
      while j < seen {
        let share = exp(row[lanes: j] * scale - sum)
        row[lanes: j] = share
        slope[lanes: j] = share * (slope[lanes: j] - along) * scale
        j += 16
      }
      if seen < wide {
        (row + seen).update(repeating: 0, count: wide - seen)
        (slope + seen).update(repeating: 0, count: wide - seen)
      }
    }
    if multipliesByTiles {
      mixBack(q, k, g, into: to, stride: stride)
    } else {
      matrixProduct(n, d, m, Matrix(pointer: slopes, stride: wide), k, into: to.0, stride: stride)
      matrixProduct(m, d, n, Matrix(pointer: slopes, stride: wide, transposed: true), q, into: to.1, stride: stride)
      matrixProduct(m, d, n, Matrix(pointer: shares, stride: wide, transposed: true), g, into: to.2, stride: stride)
    }
    if let back = angles?.reversed {
      for row in 0..<n { back.turn(to.0 + row * stride, into: to.0 + row * stride, row: row, width: d) }
      for row in 0..<m { back.turn(to.1 + row * stride, into: to.1 + row * stride, row: row, width: d) }
    }
  }

  /// From shares and slopes to the three gradients.
  private func mixBack(
    _ q: Matrix, _ k: Matrix, _ g: Matrix,
    into to: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>), stride: Int
  ) {
    let (n, m, wide) = (plan.queries, plan.keys, plan.padded)
    let shares = shares.pointer, slopes = slopes.pointer
    for line in Swift.stride(from: 0, to: n, by: tileHeight) {
      let count = Swift.min(tileHeight, n - line)
      mix(
        slopes + line * wide, across: wide, step: 1, count: count, length: seen[line / tileHeight], k, from: 0,
        into: to.0 + line * stride, stride: stride)
    }
    for line in Swift.stride(from: 0, to: m, by: tileHeight) {
      let count = Swift.min(tileHeight, m - line)
      // Queries before the first that sees these keys have nothing to say.
      let first = first[line / tileHeight]
      guard first < n else {
        for row in line..<line + count {
          (to.1 + row * stride).update(repeating: 0, count: plan.width)
          (to.2 + row * stride).update(repeating: 0, count: plan.width)
        }
        continue
      }
      let offset = first * wide + line
      mix(
        slopes + offset, across: 1, step: wide, count: count, length: n - first, q, from: first,
        into: to.1 + line * stride, stride: stride)
      mix(
        shares + offset, across: 1, step: wide, count: count, length: n - first, g, from: first,
        into: to.2 + line * stride, stride: stride)
    }
  }
}
