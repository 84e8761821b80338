import Foundation
import Tensors

/// The location and layout of a tensor in a file.
struct StoredTensor: Sendable {
  var kind: ScalarKind
  var shape: [Int]
  /// Offset of the first scalar in the file, in bytes.
  var start: Int
  /// Scalars between neighbours along each axis; nil for row-major order.
  var strides: [Int]?

  /// Reads the scalars into row-major order.
  func tensor(_ bytes: Bytes) throws(WeightsError) -> Tensor {
    let count = shape.reduce(1, *)
    guard let strides, count > 0, strides != Self.rowMajorStrides(shape) else {
      return Tensor(shape, kind.floats(try bytes.slice(start, count * kind.size)))
    }
    let all = kind.floats(try bytes.slice(start, (Self.span(shape, strides) ?? 0) * kind.size))
    var scalars: [Float] = [], position = shape.map { _ in 0 }
    scalars.reserveCapacity(count)
    for _ in 0..<count {
      scalars.append(all[zip(position, strides).reduce(0) { $0 + $1.0 * $1.1 }])
      var axis = shape.count - 1
      while axis >= 0 {
        position[axis] += 1
        if position[axis] < shape[axis] { break }
        position[axis] = 0
        axis -= 1
      }
    }
    return Tensor(shape, scalars)
  }

  /// The number of scalars from the first to the last of a tensor, both included; nil beyond 2^40, or for a negative
  /// length or stride.
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

  /// The strides of a contiguous tensor.
  static func rowMajorStrides(_ shape: [Int]) -> [Int] {
    var strides = shape, step = 1
    for axis in shape.indices.reversed() {
      strides[axis] = step
      step = step.multipliedReportingOverflow(by: max(1, shape[axis])).partialValue
    }
    return strides
  }
}
