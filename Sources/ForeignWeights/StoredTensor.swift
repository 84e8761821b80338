import Files
import Tensors

/// The location and layout of a tensor in a file, which holds all of its scalars.
struct StoredTensor: Sendable {
  /// The most axes of a tensor that is read.
  static let axisLimit = 32
  /// Scalars that are converted at a time.
  private static let part = 1 << 18

  let kind: ScalarKind
  let shape: [Int]
  /// Offset of the first scalar in the file, in bytes.
  let start: Int
  /// Scalars between neighbours along each axis; nil for row-major order.
  let strides: [Int]?
  /// Scalars of the tensor, and from the first to the last in the file.
  let count: Int, span: Int

  /// Nil where the scalars do not lie in a file's bytes `range`, of which the first is at `offset` scalars behind the
  /// beginning; and where a length or stride is negative or a product does not fit an `Int`.
  init?(kind: ScalarKind, shape: [Int], strides: [Int]?, offset: Int, in range: Range<Int>) {
    guard let extent = Extent(shape), let span = strides.map({ Self.span(shape, $0) }) ?? extent.count,
      let lead = Extent([offset])?.bytes(elementSize: kind.size),
      Extent([span])?.fits(elementSize: kind.size, at: lead, limit: range.count) == true
    else { return nil }
    (self.kind, self.shape, self.span, count) = (kind, shape, span, extent.count)
    self.strides = strides == Self.rowMajorStrides(shape) || extent.count <= 1 ? nil : strides
    start = range.lowerBound + lead
  }

  /// Bytes of the scalars as Float32; nil where they do not fit an `Int`.
  var floatBytes: Int? { Extent([count])?.bytes(elementSize: 4) }

  /// Reads the scalars into row-major order.
  func tensor(_ source: ByteSource) throws(WeightsError) -> Tensor {
    guard let bytes = floatBytes, bytes <= Extent.memory else {
      throw .unreadable(path: source.name, why: "a tensor of shape \(shape) is larger than this machine's memory.")
    }
    if let strides { return Tensor(shape, try gathered(source, strides)) }
    var failure: WeightsError?
    let tensor = Tensor(unfilled: shape) { target in
      for first in Swift.stride(from: 0, to: count, by: Self.part) {
        let length = min(Self.part, count - first)
        do throws(WeightsError) {
          let bytes = try source.weights(at: start + first * kind.size, count: length * kind.size)
          _ = UnsafeMutableBufferPointer(rebasing: target[first..<first + length]).initialize(from: kind.floats(bytes))
        } catch {
          failure = error
          return
        }
      }
    }
    if let failure { throw failure }
    return tensor
  }

  /// Reads scalars that do not lie in row-major order.
  private func gathered(_ source: ByteSource, _ strides: [Int]) throws(WeightsError) -> [Float] {
    let all = kind.floats(try source.weights(at: start, count: span * kind.size))
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
    return scalars
  }

  /// The number of scalars from the first to the last of a tensor, both included, 0 for an empty one; nil where a
  /// length or stride is negative or the number does not fit an `Int`.
  private static func span(_ shape: [Int], _ strides: [Int]) -> Int? {
    guard shape.count == strides.count, strides.allSatisfy({ $0 >= 0 }) else { return nil }
    guard !shape.contains(0) else { return 0 }
    var span = 1
    for (size, step) in zip(shape, strides) {
      let (reach, isTooFar) = (size - 1).multipliedReportingOverflow(by: step)
      let (sum, isTooMuch) = span.addingReportingOverflow(reach)
      guard !isTooFar, !isTooMuch else { return nil }
      span = sum
    }
    return span
  }

  /// The strides of a contiguous tensor, whose number of scalars fits an `Int`.
  private static func rowMajorStrides(_ shape: [Int]) -> [Int] {
    var strides = shape, step = 1
    for axis in shape.indices.reversed() {
      strides[axis] = step
      step *= max(1, shape[axis])
    }
    return strides
  }
}
