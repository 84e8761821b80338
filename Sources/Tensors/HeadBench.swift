/// Where one thread works on one head after another.
final class HeadBench {
  let plan: Heads
  /// Keys, and values, with rows and columns exchanged, in panels.
  let keys: Buffer, values: Buffer
  /// [lines, padded keys], and the same of their gradients; forward only one tile of the first.
  let shares: Buffer, slopes: Buffer
  let scratch: Buffer

  init(_ plan: Heads, isTraining: Bool) {
    self.plan = plan
    keys = Buffer(count: plan.padded * plan.width)
    values = Buffer(count: isTraining ? plan.padded * plan.width : 0)
    shares = Buffer(count: plan.padded * (isTraining ? plan.lines : tileHeight))
    slopes = Buffer(count: isTraining ? plan.padded * plan.lines : 0)
    scratch = Buffer(count: TileTarget.scratchCount)
  }

  /// target [6, padded keys] = rows [6, width] * the packed columns [width, keys], as far as `seen`.
  @inline(__always)
  private func score(
    _ rows: Matrix, _ row: Int, _ packed: Buffer, _ seen: Int, into target: UnsafeMutablePointer<Float>
  ) {
    var panel = UnsafePointer(packed.pointer), key = 0
    while key < seen {
      let lanes = (Swift.min(64, plan.padded - key)) / 16
      tile(
        lanes: lanes, rows.pointer + row * rows.stride, stride: rows.stride, panel,
        TilePath(length: plan.width, left: 1, right: 16 * lanes),
        TileTarget(
          pointer: target + key, stride: plan.padded, rows: Swift.min(tileHeight, plan.queries - row),
          columns: 16 * lanes, scratch: scratch.pointer))
      panel += plan.width * 16 * lanes
      key += 64
    }
  }

  /// target [count, width] = left [count, path] * rows [path, width] of a matrix.
  @inline(__always)
  private func mix(
    _ left: UnsafePointer<Float>, across: Int, step: Int, count: Int, length: Int, _ rows: Matrix, from first: Int,
    into target: UnsafeMutablePointer<Float>, stride: Int
  ) {
    var column = 0
    while column < plan.width {
      let width = Swift.min(64, plan.width - column)
      tile(
        lanes: (width + 15) / 16, left, stride: across, rows.pointer + first * rows.stride + column,
        TilePath(length: length, left: step, right: rows.stride),
        TileTarget(
          pointer: target + column, stride: stride, rows: count, columns: width,
          scratch: scratch.pointer))
      column += 64
    }
  }

  func attend(
    _ query: Matrix, _ key: Matrix, _ worth: Matrix, into target: UnsafeMutablePointer<Float>, stride: Int,
    sums: UnsafeMutablePointer<Float>
  ) {
    let (n, m, d) = (plan.queries, plan.keys, plan.width)
    guard multipliesByTiles && n > 2 else {
      return attendSlowly(query, key, worth, into: target, stride: stride, sums: sums)
    }
    Profile.shared.multiplied(2 * n, m, d)
    pack(key.turned, rows: 0..<d, columns: 0..<m, into: keys.pointer)
    for line in Swift.stride(from: 0, to: n, by: tileHeight) {
      let seen = plan.seen(line), count = Swift.min(tileHeight, n - line)
      score(query, line, keys, seen, into: shares.pointer)
      for i in 0..<count {
        let row = shares.pointer + i * plan.padded, own = plan.visible[line + i]
        sums[line + i] = softmaxRow(row, own, of: seen, scale: plan.scale)
      }
      mix(
        shares.pointer, across: plan.padded, step: 1, count: count, length: seen, worth, from: 0,
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

  func back(
    _ query: Matrix, _ key: Matrix, _ worth: Matrix, gradient: Matrix, result: Matrix,
    sums: UnsafePointer<Float>,
    into to: (UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>, UnsafeMutablePointer<Float>), stride: Int
  ) {
    let (n, m, d, wide) = (plan.queries, plan.keys, plan.width, plan.padded), scale = plan.scale
    let shares = shares.pointer, slopes = slopes.pointer
    Profile.shared.multiplied(5 * n, m, d)
    if multipliesByTiles {
      pack(key.turned, rows: 0..<d, columns: 0..<m, into: keys.pointer)
      pack(worth.turned, rows: 0..<d, columns: 0..<m, into: values.pointer)
      for line in Swift.stride(from: 0, to: n, by: tileHeight) {
        let seen = plan.seen(line)
        score(query, line, keys, seen, into: shares + line * wide)
        score(gradient, line, values, seen, into: slopes + line * wide)
      }
    } else {
      matrixProduct(n, m, d, query, key.turned, into: shares, stride: wide)
      matrixProduct(n, m, d, gradient, worth.turned, into: slopes, stride: wide)
    }
    for i in 0..<n {
      // The shares once more: exp(q k / sqrt(d) - log of the sum).
      let row = shares + i * wide, slope = slopes + i * wide, sum = sums[i], seen = plan.visible[i]
      let along = rowDot(gradient.pointer + i * gradient.stride, result.pointer + i * result.stride, d)
      var j = 0
      while j < seen {
        let share = exp(row[lanes: j] * scale - sum)
        row[lanes: j] = share
        slope[lanes: j] = share * (slope[lanes: j] - along) * scale
        j += 16
      }
      (row + seen).update(repeating: 0, count: wide - seen)
      (slope + seen).update(repeating: 0, count: wide - seen)
    }
    guard multipliesByTiles else {
      matrixProduct(n, d, m, Matrix(pointer: slopes, stride: wide), key, into: to.0, stride: stride)
      matrixProduct(
        m, d, n, Matrix(pointer: slopes, stride: wide, transposed: true), query, into: to.1, stride: stride)
      matrixProduct(
        m, d, n, Matrix(pointer: shares, stride: wide, transposed: true), gradient, into: to.2, stride: stride)
      return
    }
    for line in Swift.stride(from: 0, to: n, by: tileHeight) {
      let count = Swift.min(tileHeight, n - line)
      mix(
        slopes + line * wide, across: wide, step: 1, count: count, length: plan.seen(line), key, from: 0,
        into: to.0 + line * stride, stride: stride)
    }
    for line in Swift.stride(from: 0, to: m, by: tileHeight) {
      let count = Swift.min(tileHeight, m - line)
      // Queries before the first that sees these keys have nothing to say.
      let first = plan.visible.firstIndex { $0 > line } ?? n
      guard first < n else {
        for row in line..<line + count {
          (to.1 + row * stride).update(repeating: 0, count: d)
          (to.2 + row * stride).update(repeating: 0, count: d)
        }
        continue
      }
      let offset = first * wide + line
      mix(
        slopes + offset, across: 1, step: wide, count: count, length: n - first, query, from: first,
        into: to.1 + line * stride, stride: stride)
      mix(
        shares + offset, across: 1, step: wide, count: count, length: n - first, gradient, from: first,
        into: to.2 + line * stride, stride: stride)
    }
  }
}
