extension HeadBench {
  /// Shares and what they mix, [queries, width] at `target`, and the logarithm of the sum of exponentials of each row.
  func attend(
    _ query: Matrix, _ key: Matrix, _ worth: Matrix, turnedBy angles: HeadAngles? = nil,
    into target: UnsafeMutablePointer<Float>, stride: Int, sums: UnsafeMutablePointer<Float>
  ) {
    let (n, m, d) = (plan.queries, plan.keys, plan.width)
    guard multipliesByTiles && n > 2 else {
      return attendSlowly(query, key, worth, into: target, stride: stride, sums: sums)
    }
    Profile.shared.multiplied(2 * n, m, d)
    let q = angles.map { copied(query, count: n, $0, into: copies.queries) } ?? query
    let k = angles.map { copied(key, count: m, $0, into: copies.keys) } ?? key
    let v = worth.stride == broad ? worth : copied(worth, count: m, nil, into: copies.others)
    pack(k.turned, rows: 0..<d, columns: 0..<m, into: keys.pointer)
    for line in Swift.stride(from: 0, to: n, by: tileHeight) {
      let seen = seen[line / tileHeight], count = Swift.min(tileHeight, n - line)
      score(q, line, keys, seen, into: shares.pointer)
      for i in 0..<count {
        askNext(query, line + i, of: n)
        askNext(key, line + i, of: m)
        askNext(worth, line + i, of: m)
        let row = shares.pointer + i * plan.padded, own = plan.visible[line + i]
        sums[line + i] = softmaxRow(row, own, of: seen, scale: plan.scale)
      }
      mix(
        shares.pointer, across: plan.padded, step: 1, count: count, length: seen, v, from: 0,
        into: target + line * stride, stride: stride)
    }
  }

  /// For one or two queries, or without wide registers: row by row.
  private func attendSlowly(
    _ query: Matrix, _ key: Matrix, _ worth: Matrix, into target: UnsafeMutablePointer<Float>, stride: Int,
    sums: UnsafeMutablePointer<Float>
  ) {
    let (n, d) = (plan.queries, plan.width)
    Profile.shared.multiplied(2 * n, plan.keys, d)
    for i in 0..<n {
      let row = shares.pointer, seen = plan.visible[i], q = query.pointer + i * query.stride
      var j = 0
      while j < seen {
        row[j] = rowDot(q, key.pointer + j * key.stride, d)
        j += 1
      }
      sums[i] = softmaxRow(row, seen, of: seen, scale: plan.scale)
      blend(worth, row, seen, into: target + i * stride)
    }
  }

  /// The sum of the first `seen` rows of a matrix, each times its share.
  private func blend(
    _ rows: Matrix, _ shares: UnsafePointer<Float>, _ seen: Int, into target: UnsafeMutablePointer<Float>
  ) {
    for column in Swift.stride(from: 0, to: plan.width, by: 16) {
      var sum = Lanes(repeating: 0)
      for j in 0..<seen {
        let row = rows.pointer + (j &* rows.stride &+ column)
        sum = multiplyAdd(row.lanes(0, of: plan.width &- column), Lanes(repeating: shares[j]), sum)
      }
      target.store(sum, column, of: plan.width)
    }
  }
}
