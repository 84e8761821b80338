// Shapes are broadcast by the rule of NumPy: after leading ones are added to the shorter shape, the lengths of every
// axis must be equal, or one of them 1.

/// Offsets of the rows of a tensor that is broadcast to a larger shape.
private struct BroadcastRows {
  /// All axes but the last: lengths in the larger shape, and strides in the tensor, 0 where it is repeated.
  private var lengths: [Int] = []
  private var strides: [Int] = []
  /// True if one scalar is repeated for a whole row.
  let repeatsScalar: Bool

  init(_ shorter: [Int], in shape: [Int]) {
    let source = Array(repeating: 1, count: shape.count - shorter.count) + shorter
    repeatsScalar = source.last == 1 && shape.last != 1
    var contiguous = source.last ?? 1
    for axis in shape.indices.dropLast().reversed() {
      let stride = source[axis] == 1 ? 0 : contiguous
      contiguous *= source[axis]
      // Adjacent axes that one stride covers are merged.
      if let length = lengths.first, stride == length * strides[0] {
        lengths[0] *= shape[axis]
      } else {
        lengths.insert(shape[axis], at: 0)
        strides.insert(stride, at: 0)
      }
    }
  }

  /// The offset of the scalars that row `row` of the larger shape is computed from.
  @inline(__always)
  func offset(_ row: Int) -> Int {
    if lengths.count == 1 { return row &* strides[0] }
    var rest = row, offset = 0
    for axis in lengths.indices.reversed() {
      offset &+= rest % lengths[axis] &* strides[axis]
      rest /= lengths[axis]
    }
    return offset
  }
}

extension Tensor {
  /// The sum of two tensors whose shapes broadcast.
  public static func + (left: Tensor, right: Tensor) -> Tensor {
    combined(left, right) { $0 + $1 }.recorded(inputs: [left, right]) { [a = left.shape, b = right.shape] g in
      [g.summed(to: a), g.summed(to: b)]
    }
  }

  /// The difference of two tensors whose shapes broadcast.
  public static func - (left: Tensor, right: Tensor) -> Tensor {
    combined(left, right) { $0 - $1 }.recorded(inputs: [left, right]) { [a = left.shape, b = right.shape] g in
      [g.summed(to: a), (-g).summed(to: b)]
    }
  }

  /// The elementwise product of two tensors whose shapes broadcast.
  public static func * (left: Tensor, right: Tensor) -> Tensor {
    combined(left, right) { $0 * $1 }.recorded(inputs: [left, right]) {
      [a = left.detached, b = right.detached, wantsLeft = left.isTracked, wantsRight = right.isTracked] g in
      [wantsLeft ? (g * b).summed(to: a.shape) : nil, wantsRight ? (g * a).summed(to: b.shape) : nil]
    }
  }

  /// The elementwise quotient of two tensors whose shapes broadcast.
  public static func / (left: Tensor, right: Tensor) -> Tensor {
    let value = combined(left, right) { $0 / $1 }
    return value.recorded(inputs: [left, right]) { [a = left.shape, b = right.detached] g in
      [(g / b).summed(to: a), (-(g * value / b)).summed(to: b.shape)]
    }
  }

  /// The tensor with all signs reversed.
  public static prefix func - (x: Tensor) -> Tensor { x * -1 }

  /// A number added to each scalar.
  public static func + (x: Tensor, number: Float) -> Tensor { x.map { $0 + number }.recorded(inputs: [x]) { [$0] } }
  /// A number subtracted from each scalar.
  public static func - (x: Tensor, number: Float) -> Tensor { x + -number }
  /// Each scalar times a number.
  public static func * (x: Tensor, number: Float) -> Tensor {
    x.map { $0 * number }.recorded(inputs: [x]) { [$0 * number] }
  }
  /// Each scalar times a number.
  public static func * (number: Float, x: Tensor) -> Tensor { x * number }
  /// Each scalar times 1 / number.
  public static func / (x: Tensor, number: Float) -> Tensor { x * (1 / number) }

  /// The sum over every axis along which `shape` was broadcast to this one: the backward pass of a broadcast.
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
    // [rows, width], the last axis being the row
    let shape = broadcastShape(left.shape, right.shape), width = shape.last ?? 1,
      rows = shape.product / Swift.max(1, width)
    let a = BroadcastRows(left.shape, in: shape), b = BroadcastRows(right.shape, in: shape)
    let result = Buffer(count: shape.product), target = result.pointer
    let x = UnsafePointer(left.buffer.pointer), y = UnsafePointer(right.buffer.pointer)
    parallel(rows, cost: width + 8) { range in
      for row in range {
        let from = x + a.offset(row), with = y + b.offset(row), to = target + row &* width
        var i = 0
        while i < width {
          let left = a.repeatsScalar ? Vector16(repeating: from[0]) : from.vector(i, of: width)
          let right = b.repeatsScalar ? Vector16(repeating: with[0]) : with.vector(i, of: width)
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

  /// The tensor broadcast to a larger shape; no gradient.
  func repeated(to shape: [Int]) -> Tensor {
    guard shape != self.shape else { return self }
    let source = Array(repeating: 1, count: shape.count - self.shape.count) + self.shape
    // The longest common tail of both shapes is copied as one block; the axes before it are iterated over.
    var tail = shape.count
    while tail > 0 && source[tail - 1] == shape[tail - 1] { tail -= 1 }
    let block = shape[tail...].reduce(1, *)
    var strides = Array(repeating: 0, count: tail), length = block
    for axis in (0..<tail).reversed() {
      strides[axis] = source[axis] == 1 ? 0 : length
      length *= source[axis]
    }
    let outer = Array(shape[..<tail]), scalars = buffer.pointer
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
            target[row] = scalars[offset]
          } else {
            (target + row * block).update(from: scalars + offset, count: block)
          }
        }
      }
    }
  }

  /// The sum over rows of [rows, width]: [width].
  ///
  /// Up to sixteen groups of rows are summed in parallel, then the groups in order: the result does not depend on the
  /// number of threads.
  func columnSums(width: Int) -> Tensor {
    let rows = count / Swift.max(1, width), source = UnsafePointer(buffer.pointer)
    let parts = Swift.max(1, Swift.min(16, rows / 64)), height = (rows + parts - 1) / parts
    let sums = Buffer(count: parts * width)
    parallel(parts, cost: height * width / 8) { range in
      for part in range {
        let lower = Swift.min(rows, part * height), upper = Swift.min(rows, lower + height)
        sumRows(source + lower * width, upper - lower, width, into: sums.pointer + part * width)
      }
    }
    if parts == 1 { return Tensor(shape: [width], buffer: sums, node: nil) }
    return Tensor(unfilled: [width]) { sumRows(sums.pointer, parts, width, into: $0.baseAddress!) }
  }
}

/// Sums [rows, width] over rows on this thread: sixty-four columns at a time, their sums in four registers.
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
