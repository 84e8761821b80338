extension Tensor {
  /// The sum of all scalars, shape []; in double precision over 256 partial sums.
  public var sum: Tensor {
    let rows = 256, source = UnsafePointer(buffer.pointer), length = (count + rows - 1) / rows
    var parts = [Float](repeating: 0, count: rows)
    parts.withUnsafeMutableBufferPointer { parts in
      let parts = parts.baseAddress!
      parallel(rows, cost: length) { range in
        for row in range {
          let lower = row * length
          parts[row] = lower < count ? rowSum(source + lower, Swift.min(length, count - lower)) { $0 } : 0
        }
      }
    }
    return Tensor(Float(parts.reduce(0.0) { $0 + Double($1) })).recorded(inputs: [self]) { [shape] g in
      [Tensor(repeating: g.scalar, shape: shape)]
    }
  }

  /// The sum of the squares of all scalars of all tensors, in double precision over partial sums of 4096 scalars.
  public static func sumOfSquares(_ tensors: [Tensor]) -> Double {
    let length = 4096, counts = tensors.map { ($0.count + length - 1) / length }
    let offsets = counts.indices.map { counts[..<$0].reduce(0, +) }, total = counts.reduce(0, +)
    var sums = [Double](repeating: 0, count: total)
    sums.withUnsafeMutableBufferPointer { sums in
      let sums = sums.baseAddress
      forEachChunk(of: counts, cost: length / 4) { index, range in
        let source = UnsafePointer(tensors[index].buffer.pointer), count = tensors[index].count
        for part in range {
          let lower = part * length
          sums?[offsets[index] + part] = Double(
            rowSum(source + lower, Swift.min(length, count - lower)) { $0 * $0 })
        }
      }
    }
    return sums.reduce(0, +)
  }

  /// The mean of all scalars, shape []; 0 without scalars.
  public var mean: Tensor { sum * (1 / Float(Swift.max(1, count))) }

  /// The sum along one axis, which is removed or, with `keeping`, of length 1 in the result.
  public func sum(axis: Int, keeping: Bool = false) -> Tensor {
    let outer = shape[..<axis].reduce(1, *), length = shape[axis], inner = shape[(axis + 1)...].reduce(1, *)
    let source = UnsafePointer(buffer.pointer)
    var reduced = shape
    reduced[axis] = 1
    let value = Tensor(unfilled: reduced) { target in
      let target = target.baseAddress!
      parallel(outer, cost: length * inner) { range in
        for o in range {
          let block = source + o * length * inner
          if inner == 1 {
            target[o] = rowSum(block, length) { $0 }
          } else {
            let line = target + o * inner
            line.update(repeating: 0, count: inner)
            for l in 0..<length { for i in 0..<inner { line[i] += block[l * inner + i] } }
          }
        }
      }
    }
    let summed = value.recorded(inputs: [self]) { [shape] g in [g.repeated(to: shape)] }
    return keeping ? summed : summed.reshaped(Array(shape[..<axis] + shape[(axis + 1)...]))
  }

  /// The mean along one axis, which is removed or, with `keeping`, of length 1 in the result.
  public func mean(axis: Int, keeping: Bool = false) -> Tensor {
    sum(axis: axis, keeping: keeping) * (1 / Float(shape[axis]))
  }

  /// The largest absolute difference to a tensor of the same shape; infinity if a scalar is not a number.
  public func distance(to other: Tensor) -> Float {
    precondition(shape == other.shape, "shapes \(shape) and \(other.shape) differ")
    var largest: Float = 0
    for i in 0..<count {
      let difference = abs(buffer.pointer[i] - other.buffer.pointer[i])
      largest = difference.isNaN ? .infinity : Swift.max(largest, difference)
    }
    return largest
  }

  /// The range from the smallest to the largest scalar; 0...0 without scalars.
  public var extent: ClosedRange<Float> {
    withUnsafeScalars { scalars in
      guard let smallest = scalars.min(), let largest = scalars.max(), smallest <= largest else { return 0...0 }
      return smallest...largest
    }
  }

  /// True if no scalar is infinite or not a number.
  public var isFinite: Bool { withUnsafeScalars { $0.allSatisfy(\.isFinite) } }
}
