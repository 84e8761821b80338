import Foundation
import Tensors

/// Where in a file a tensor lies and how.
struct StoredTensor: Sendable {
  var kind: ScalarKind
  var shape: [Int]
  /// Byte of the file at which its first number lies.
  var start: Int
  /// Numbers from one entry of each axis to the next; nil: row after row.
  var strides: [Int]?

  /// Reads the numbers, whatever their strides, row by row.
  func tensor(_ bytes: Bytes) throws(WeightsError) -> Tensor {
    let count = shape.reduce(1, *)
    guard let strides, count > 0, strides != Self.rowByRow(shape) else {
      return Tensor(shape, kind.floats(try bytes.slice(start, count * kind.size)))
    }
    let all = kind.floats(try bytes.slice(start, (Self.span(shape, strides) ?? 0) * kind.size))
    var scalars: [Float] = [], place = shape.map { _ in 0 }
    scalars.reserveCapacity(count)
    for _ in 0..<count {
      scalars.append(all[zip(place, strides).reduce(0) { $0 + $1.0 * $1.1 }])
      var axis = shape.count - 1
      while axis >= 0 {
        place[axis] += 1
        if place[axis] < shape[axis] { break }
        place[axis] = 0
        axis -= 1
      }
    }
    return Tensor(shape, scalars)
  }

  /// Numbers from the first to the last of a tensor, both included; nil for what no file can hold.
  static func span(_ shape: [Int], _ strides: [Int]) -> Int? {
    let limit = 1 << 40
    guard zip(shape, strides).allSatisfy({ (0...limit).contains($0) && (0...limit).contains($1) }) else { return nil }
    guard !shape.contains(0) else { return 0 }
    var last = 0, count = 1
    for (size, step) in zip(shape, strides) {
      let (reach, isTooFar) = (size - 1).multipliedReportingOverflow(by: step)
      let (more, isTooMuch) = count.multipliedReportingOverflow(by: size)
      guard !isTooFar, !isTooMuch, reach <= limit - last, more <= limit else { return nil }
      last += reach
      count = more
    }
    return last + 1
  }

  static func rowByRow(_ shape: [Int]) -> [Int] {
    var strides = shape, step = 1
    for axis in shape.indices.reversed() {
      strides[axis] = step
      step = step.multipliedReportingOverflow(by: max(1, shape[axis])).partialValue
    }
    return strides
  }
}
