// Two shapes go together if they are equal, or if the shorter one (after leading ones are added) has at every axis the
// same length or 1: the rule of NumPy.

extension Tensor {
  public static func + (left: Tensor, right: Tensor) -> Tensor {
    combined(left, right) { $0 + $1 }.from([left, right]) { [a = left.shape, b = right.shape] g in
      [g.summed(to: a), g.summed(to: b)]
    }
  }

  public static func - (left: Tensor, right: Tensor) -> Tensor {
    combined(left, right) { $0 - $1 }.from([left, right]) { [a = left.shape, b = right.shape] g in
      [g.summed(to: a), (-g).summed(to: b)]
    }
  }

  public static func * (left: Tensor, right: Tensor) -> Tensor {
    combined(left, right) { $0 * $1 }.from([left, right]) {
      [a = left.detached, b = right.detached, both = (left.isTracked, right.isTracked)] g in
      [both.0 ? (g * b).summed(to: a.shape) : nil, both.1 ? (g * a).summed(to: b.shape) : nil]
    }
  }

  public static func / (left: Tensor, right: Tensor) -> Tensor {
    let value = combined(left, right) { $0 / $1 }
    return value.from([left, right]) { [a = left.shape, b = right.detached] g in
      [(g / b).summed(to: a), (-(g * value / b)).summed(to: b.shape)]
    }
  }

  public static prefix func - (x: Tensor) -> Tensor { x * -1 }

  public static func + (x: Tensor, number: Float) -> Tensor { x.map { $0 + number }.from([x]) { [$0] } }
  public static func - (x: Tensor, number: Float) -> Tensor { x + -number }
  public static func * (x: Tensor, number: Float) -> Tensor { x.map { $0 * number }.from([x]) { [$0 * number] } }
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
  private static func combined(_ left: Tensor, _ right: Tensor, _ combine: (Lanes, Lanes) -> Lanes) -> Tensor {
    if left.shape == right.shape { return left.zip(right, combine) }
    let shape = broadcastShape(left.shape, right.shape)
    return left.repeated(to: shape).zip(right.repeated(to: shape), combine)
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

  /// [rows, width] summed over rows: [width]. Every thread has columns of its own, so the order of additions is fixed.
  func columnSums(width: Int) -> Tensor {
    let rows = count / Swift.max(1, width), source = buffer.pointer
    return Tensor(unfilled: [width]) { target in
      let target = target.baseAddress!
      parallel(width, cost: rows) { range in
        (target + range.lowerBound).update(repeating: 0, count: range.count)
        for row in 0..<rows {
          let line = source + row * width
          for column in range { target[column] += line[column] }
        }
      }
    }
  }
}
