extension Tensor {
  /// The logarithm of the sum of exponentials along the last axis: [..., width] to [...].
  ///
  /// Computed relative to the row's maximum, so that no scalar overflows. The gradient is the softmax.
  public var logSumExp: Tensor {
    let width = shape.last ?? 1, rows = count / Swift.max(1, width), source = UnsafePointer(buffer.pointer)
    let probabilities = Buffer(count: count), p = probabilities.pointer
    let value = Tensor(unfilled: Array(shape.dropLast())) { target in
      let target = target.baseAddress!
      parallel(rows, cost: 6 * width) { range in
        for row in range { target[row] = softmaxRow(source + row * width, into: p + row * width, width) }
      }
    }
    return value.recorded(inputs: [self]) { [shape] g in
      [
        Tensor(unfilled: shape) { target in
          let target = target.baseAddress!, g = g.buffer.pointer, p = probabilities.pointer
          parallel(rows, cost: 2 * width) { range in
            for row in range { for i in row * width..<(row + 1) * width { target[i] = g[row] * p[i] } }
          }
        }
      ]
    }
  }
}
