// Two shapes go together if they are equal, or if the shorter one (after leading ones are added) has at every axis the
// same length or 1: the rule of NumPy.

/// Where the rows of a tensor lie that is repeated along axes of a larger one.
private struct RowWalk {
  /// Axes but the last: their lengths in the larger tensor and the steps in the smaller, 0 where it is repeated.
  private var lengths: [Int] = []
  private var steps: [Int] = []
  /// Whether one number stands for a whole row.
  let isSpread: Bool

  init(_ own: [Int], in shape: [Int]) {
    let own = Array(repeating: 1, count: shape.count - own.count) + own
    isSpread = own.last == 1 && shape.last != 1
    var step = own.last ?? 1
    for axis in shape.indices.dropLast().reversed() {
      let here = own[axis] == 1 ? 0 : step
      step *= own[axis]
      // Axes that are walked as one are one.
      if let length = lengths.first, here == length * steps[0] {
        lengths[0] *= shape[axis]
      } else {
        lengths.insert(shape[axis], at: 0)
        steps.insert(here, at: 0)
      }
    }
  }

  @inline(__always)
  func offset(_ row: Int) -> Int {
    if lengths.count == 1 { return row &* steps[0] }
    var rest = row, offset = 0
    for axis in lengths.indices.reversed() {
      offset &+= rest % lengths[axis] &* steps[axis]
      rest /= lengths[axis]
    }
    return offset
  }
}

extension Tensor {
  public static func + (left: Tensor, right: Tensor) -> Tensor {
    combined(left, right) { $0 + $1 }.recorded(inputs: [left, right]) { [a = left.shape, b = right.shape] g in
      [g.summed(to: a), g.summed(to: b)]
    }
  }

  public static func - (left: Tensor, right: Tensor) -> Tensor {
    combined(left, right) { $0 - $1 }.recorded(inputs: [left, right]) { [a = left.shape, b = right.shape] g in
      [g.summed(to: a), (-g).summed(to: b)]
    }
  }

  public static func * (left: Tensor, right: Tensor) -> Tensor {
    combined(left, right) { $0 * $1 }.recorded(inputs: [left, right]) {
      [a = left.detached, b = right.detached, both = (left.isTracked, right.isTracked)] g in
      [both.0 ? (g * b).summed(to: a.shape) : nil, both.1 ? (g * a).summed(to: b.shape) : nil]
    }
  }

  public static func / (left: Tensor, right: Tensor) -> Tensor {
    let value = combined(left, right) { $0 / $1 }
    return value.recorded(inputs: [left, right]) { [a = left.shape, b = right.detached] g in
      [(g / b).summed(to: a), (-(g * value / b)).summed(to: b.shape)]
    }
  }

  public static prefix func - (x: Tensor) -> Tensor { x * -1 }

  public static func + (x: Tensor, number: Float) -> Tensor { x.map { $0 + number }.recorded(inputs: [x]) { [$0] } }
  public static func - (x: Tensor, number: Float) -> Tensor { x + -number }
  public static func * (x: Tensor, number: Float) -> Tensor {
    x.map { $0 * number }.recorded(inputs: [x]) { [$0 * number] }
  }
  public static func * (number: Float, x: Tensor) -> Tensor { x * number }
  public static func / (x: Tensor, number: Float) -> Tensor { x * (1 / number) }

  /// The sum over every axis along which `shape` was repeated to give this one; what a broadcast passes back.
  func summed(to shape: [Int]) -> Tensor {
    guard shape != self.shape else { return self }
    let width = shape.product
    if self.shape.suffix(shape.count).elementsEqual(shape) { return columnSums(width: width).reshaped(shape) }
    let extended = Array(repeating: 1, count: self.shape.count - shape.count) + shape
    var result = self
    for axis in extended.indices where extended[axis] == 1 && result.shape[axis] != 1 {
      result = result.sum(axis: axis, keeping: true)
    }
    return result.reshaped(shape)
  }

  @inline(__always)
  private static func combined(_ left: Tensor, _ right: Tensor, _ combine: (Vector16, Vector16) -> Vector16) -> Tensor {
    if left.shape == right.shape { return left.zip(right, combine) }
    let shape = broadcastShape(left.shape, right.shape), width = shape.last ?? 1,
      rows = shape.product / Swift.max(1, width)
    let a = RowWalk(left.shape, in: shape), b = RowWalk(right.shape, in: shape)
    let result = Buffer(count: shape.product), target = result.pointer
    let x = UnsafePointer(left.buffer.pointer), y = UnsafePointer(right.buffer.pointer)
    parallel(rows, cost: width + 8) { range in
      for row in range {
        let from = x + a.offset(row), with = y + b.offset(row), to = target + row &* width
        var i = 0
        while i < width {
          let left = a.isSpread ? Vector16(repeating: from[0]) : from.vector(i, of: width)
          let right = b.isSpread ? Vector16(repeating: with[0]) : with.vector(i, of: width)
          to.store(combine(left, right), i, of: width)
          i &+= 16
        }
      }
    }
    return Tensor(shape: shape, buffer: result, node: nil)
  }

  private static func broadcastShape(_ a: [Int], _ b: [Int]) -> [Int] {
    let rank = Swift.max(a.count, b.count)
    let x = Array(repeating: 1, count: rank - a.count) + a, y = Array(repeating: 1, count: rank - b.count) + b
    return Swift.zip(x, y).map { m, n in
      precondition(m == n || m == 1 || n == 1, "shapes \(a) and \(b) do not go together")
      return Swift.max(m, n)
    }
  }

  /// The same scalars along new or lengthened axes; no gradient, `+ - * /` pass theirs back by `summed(to:)`.
  func repeated(to shape: [Int]) -> Tensor {
    guard shape != self.shape else { return self }
    let own = Array(repeating: 1, count: shape.count - self.shape.count) + self.shape
    // The longest tail that is the same is copied whole; the axes before it are counted through.
    var tail = shape.count
    while tail > 0 && own[tail - 1] == shape[tail - 1] { tail -= 1 }
    let block = shape[tail...].reduce(1, *)
    var strides = Array(repeating: 0, count: tail), length = block
    for axis in (0..<tail).reversed() {
      strides[axis] = own[axis] == 1 ? 0 : length
      length *= own[axis]
    }
    let outer = Array(shape[..<tail]), source = buffer.pointer
    return Tensor(unfilled: shape) { target in
      let target = target.baseAddress!
      parallel(outer.product, cost: block + 4) { range in
        for row in range {
          var rest = row, offset = 0
          for axis in (0..<tail).reversed() {
            offset += rest % outer[axis] * strides[axis]
            rest /= outer[axis]
          }
          if block == 1 {
            target[row] = source[offset]
          } else {
            (target + row * block).update(from: source + offset, count: block)
          }
        }
      }
    }
  }

  /// [rows, width] summed over rows: [width]. Up to sixteen parts of the rows are summed apart and then in order,
  /// however many threads there are.
  func columnSums(width: Int) -> Tensor {
    let rows = count / Swift.max(1, width), source = UnsafePointer(buffer.pointer)
    let parts = Swift.max(1, Swift.min(16, rows / 64)), each = (rows + parts - 1) / parts
    let sums = Buffer(count: parts * width)
    parallel(parts, cost: each * width / 8) { range in
      for part in range {
        let lower = Swift.min(rows, part * each), upper = Swift.min(rows, lower + each)
        sumRows(source + lower * width, upper - lower, width, into: sums.pointer + part * width)
      }
    }
    if parts == 1 { return Tensor(shape: [width], buffer: sums, node: nil) }
    return Tensor(unfilled: [width]) { sumRows(sums.pointer, parts, width, into: $0.baseAddress!) }
  }
}

/// [rows, width] summed over rows, on this thread: sixty-four columns at a time, their sums in registers.
private func sumRows(
  _ source: UnsafePointer<Float>, _ rows: Int, _ width: Int, into target: UnsafeMutablePointer<Float>
) {
  var column = 0
  while column + 64 <= width {
    var (a, b, c, d) = (Vector16(repeating: 0), Vector16(repeating: 0), Vector16(repeating: 0), Vector16(repeating: 0))
    var line = source + column
    for _ in 0..<rows {
      a += line[vector: 0]
      b += line[vector: 16]
      c += line[vector: 32]
      d += line[vector: 48]
      line += width
    }
    let to = target + column
    (to[vector: 0], to[vector: 16], to[vector: 32], to[vector: 48]) = (a, b, c, d)
    column += 64
  }
  while column + 16 <= width {
    var sum = Vector16(repeating: 0), line = source + column
    for _ in 0..<rows {
      sum += line[vector: 0]
      line += width
    }
    target[vector: column] = sum
    column += 16
  }
  guard column < width else { return }
  let rest = width - column
  (target + column).update(repeating: 0, count: rest)
  for row in 0..<rows { for i in column..<width { target[i] += source[row &* width &+ i] } }
}
