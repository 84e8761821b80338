/// What one thread needs to work on one head after another.
///
/// Rows of a head lie far apart, each in a page of memory of its own: those that are read often are copied to lie together,
/// and those of the next head are asked for while this one is worked on.
final class HeadBench {
  let plan: Heads
  /// Keys, and values, with rows and columns exchanged, in panels.
  let keys: Buffer, values: Buffer
  /// [lines, padded keys], and the same of their gradients; forward only one tile of the first.
  let shares: Buffer, slopes: Buffer
  let scratch: Buffer
  /// Copies of queries, keys and values or, on the way back, the gradient: [rows, broad].
  private let copies: (queries: Buffer, keys: Buffer, others: Buffer)
  /// Floats of a copied row: whole lanes.
  private let broad: Int
  /// Of each tile of queries: how many keys they see at most. Of each tile of keys: the first query that sees any.
  private let seen: [Int], first: [Int]
  /// Whether the head that comes next lies beside this one.
  var hasNext = false

  init(_ plan: Heads, isTraining: Bool) {
    self.plan = plan
    keys = Buffer(count: plan.padded * plan.width)
    values = Buffer(count: isTraining ? plan.padded * plan.width : 0)
    shares = Buffer(count: plan.padded * (isTraining ? plan.lines : tileHeight))
    slopes = Buffer(count: isTraining ? plan.padded * plan.lines : 0)
    scratch = Buffer(count: TileTarget.scratchCount)
    broad = (plan.width + 15) / 16 * 16
    copies = (
      Buffer(count: plan.queries * broad), Buffer(count: plan.keys * broad),
      Buffer(count: Swift.max(plan.queries, plan.keys) * broad)
    )
    seen = stride(from: 0, to: plan.queries, by: tileHeight).map(plan.seen)
    first = stride(from: 0, to: plan.keys, by: tileHeight).map { line in
      plan.visible.firstIndex { $0 > line } ?? plan.queries
    }
  }

  /// Rows of this head where they lie together, turned if there are angles.
  private func copied(_ rows: Matrix, count: Int, _ angles: HeadAngles?, into buffer: Buffer) -> Matrix {
    var from = rows.pointer, to = buffer.pointer
    for row in 0..<count {
      if let angles {
        angles.turn(from, into: to, row: row, width: plan.width)
      } else {
        for i in stride(from: 0, to: plan.width, by: 16) { to[lanes: i] = from[lanes: i] }
      }
      from += rows.stride
      to += broad
    }
    return Matrix(pointer: buffer.pointer, stride: broad)
  }

  /// Asks for rows of the next head, as many as a tile has.
  @inline(__always)
  private func askNext(_ rows: Matrix, count: Int, from line: Int) {
    guard hasNext else { return }
    for row in line..<Swift.max(line, Swift.min(count, line &+ tileHeight)) {
      let next = rows.pointer + (row &* rows.stride &+ plan.width)
      for i in stride(from: 0, to: plan.width, by: 16) { OneLane.expect(next + i) }
    }
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
    let v = copied(worth, count: m, nil, into: copies.others)
    pack(k.turned, rows: 0..<d, columns: 0..<m, into: keys.pointer)
    for line in Swift.stride(from: 0, to: n, by: tileHeight) {
      let seen = seen[line / tileHeight], count = Swift.min(tileHeight, n - line)
      askNext(query, count: n, from: line)
      askNext(key, count: m, from: line)
      askNext(worth, count: m, from: line)
      score(q, line, keys, seen, into: shares.pointer)
      for i in 0..<count {
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
        askNext(query, count: n, from: line)
        askNext(key, count: m, from: line)
        askNext(worth, count: m, from: line)
        askNext(gradient, count: n, from: line)
        askNext(result, count: n, from: line)
        score(q, line, keys, seen, into: shares + line * wide)
        score(g, line, values, seen, into: slopes + line * wide)
      }
    } else {
      matrixProduct(n, m, d, q, k.turned, into: shares, stride: wide)
      matrixProduct(n, m, d, g, worth.turned, into: slopes, stride: wide)
    }
    for i in 0..<n {
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
