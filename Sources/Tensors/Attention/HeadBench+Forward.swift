import COpenBLAS
import Glibc

extension HeadBench {
  /// Shares and what they mix, [queries, width] at `target`, and the logarithm of the sum of exponentials of each row.
  func attend(
    _ query: Matrix, _ key: Matrix, _ worth: Matrix, turnedBy angles: HeadRotation? = nil,
    into target: UnsafeMutablePointer<Float>, stride: Int, sums: UnsafeMutablePointer<Float>
  ) {
    let (n, m, d) = (plan.queries, plan.keys, plan.width)
    guard usesMicroKernels && n > 2 else {
      return attendSlowly(query, key, worth, into: target, stride: stride, sums: sums)
    }
    Profile.shared.multiplied(2 * n, m, d)
    let q = angles.map { copied(query, count: n, $0, into: copies.queries) } ?? query
    let k = angles.map { copied(key, count: m, $0, into: copies.keys) } ?? key
    let v = worth.stride == broad ? worth : copied(worth, count: m, nil, into: copies.others)
    pack(k.transposed, rows: 0..<d, columns: 0..<m, into: keys.pointer)
    for first in Swift.stride(from: 0, to: n, by: block) {
      let rows = first..<Swift.min(n, first + block)
      score(rows, of: q, keys, into: shares.pointer)
      exponentiate(rows) { row in
        askNext(query, row, of: n)
        askNext(key, row, of: m)
        askNext(worth, row, of: m)
      }
      for line in Swift.stride(from: first, to: rows.upperBound, by: GEMMBlocking.mr) {
        mix(
          shares.pointer + (line - first) * plan.apart, across: plan.apart, step: 1,
          count: Swift.min(GEMMBlocking.mr, n - line), length: seen[line / GEMMBlocking.mr], v, from: 0,
          into: target + line * stride, stride: stride)
      }
      for row in rows { sums[row] = share(row - first, target + row * stride) }
    }
  }

  /// The scores of some queries become exponentials, e^(score - the greatest), zeros where nothing is seen.
  ///
  /// One thing after another for all of them: while one waits for a sum or a greatest, others go on.
  @inline(__always)
  private func exponentiate(_ rows: Range<Int>, _ between: (Int) -> Void) {
    let known = known.pointer, scale = plan.scale
    for (i, query) in rows.enumerated() {
      let row = shares.pointer + i * plan.apart, whole = whole(query)
      for key in plan.visible[query]..<whole { row[key] = -.infinity }
      known[32 * i] = rowMax(row, whole) * scale
    }
    for (i, query) in rows.enumerated() {
      let row = shares.pointer + i * plan.apart, largest = known[32 * i], whole = whole(query)
      var total = Vector16(repeating: 0), key = 0
      between(query)
      while key < whole {
        let e = expBounded(row[vector: key] * scale - largest)
        row[vector: key] = e
        total += e
        key &+= 16
      }
      known[vector: 32 * i + 16] = total
    }
  }

  /// Keys that a query's tile sees, in whole vectors of 16.
  private func whole(_ query: Int) -> Int { (seen[query / GEMMBlocking.mr] + 15) / 16 * 16 }

  /// Divides what a row of exponentials has mixed by their sum; gives the logarithm of the sum of unshifted ones.
  private func share(_ i: Int, _ row: UnsafeMutablePointer<Float>) -> Float {
    let sum = overtone_reduce_add(known.pointer[vector: 32 * i + 16]), part = 1 / sum
    for column in Swift.stride(from: 0, to: plan.width, by: 16) {
      row.store(row.vector(column, of: plan.width) * part, column, of: plan.width)
    }
    return known.pointer[32 * i] + logf(sum)
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
      var sum = Vector16(repeating: 0)
      for j in 0..<seen {
        let row = rows.pointer + (j &* rows.stride &+ column)
        sum = multiplyAdd(row.vector(0, of: plan.width &- column), Vector16(repeating: shares[j]), sum)
      }
      target.store(sum, column, of: plan.width)
    }
  }
}
