import COpenBLAS

extension Tensor {
  /// Rows divided by their root mean square along the last axis, then times `weight` [width]
  /// (Zhang and Sennrich 2019, arXiv 1910.07467).
  public func rmsNorm(_ weight: Tensor, epsilon: Float) -> Tensor {
    scaledRows(weight) { squares, width in 1 / (squares / Float(width) + epsilon).squareRoot() }
  }

  /// Rows of length 1 along the last axis: x / max(|x|, epsilon).
  public func normalized(epsilon: Float = 1e-12) -> Tensor {
    // What is shorter than epsilon is only multiplied: its length has no slope.
    scaledRows(nil) { squares, _ in
      let length = squares.squareRoot()
      return length < epsilon ? -1 / epsilon : 1 / length
    }
  }

  /// Each row times a number that falls as one over its length, times `weight` [width].
  ///
  /// `factor` makes that number of the sum of squares and the width: s with ds/dx = -s^3 x / m, where m is the width for
  /// a mean and 1 for a sum. A negative number stands for one that does not depend on the row.
  private func scaledRows(_ weight: Tensor?, _ factor: (Float, Int) -> Float) -> Tensor {
    let width = shape.last ?? 1, rows = count / Swift.max(1, width), source = UnsafePointer(buffer.pointer)
    let factors = Buffer(count: rows), mean = weight == nil ? 1 : Float(width)
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!, w = weight?.buffer.pointer
      parallel(rows, cost: width / 2) { range in
        for row in range {
          let x = source + row &* width, y = target + row &* width, told = factor(rowSum(x, width) { $0 * $0 }, width)
          factors.pointer[row] = told
          let scale = abs(told)
          var i = 0
          while i < width {
            var n = x.vector(i, of: width) * scale
            if let w { n *= w.vector(i, of: width) }
            y.store(n, i, of: width)
            i &+= 16
          }
        }
      }
    }
    return value.recordedAccumulating(inputs: [self] + (weight.map { [$0] } ?? [])) {
      [self = detached, weight = weight?.detached] g, existingGradient in
      let parts = Swift.max(1, Swift.min(16, rows / 64)), each = (rows + parts - 1) / parts
      let sums = Tensor(zeros: [parts, width]), w = weight?.buffer.pointer
      let before = existingGradient(0),
        toSelf = before ?? Tensor(shape: self.shape, buffer: Buffer(count: self.count), node: nil)
      let (target, adds) = (toSelf.buffer.pointer, before != nil)
      let x = UnsafePointer(self.buffer.pointer), g = UnsafePointer(g.buffer.pointer)
      parallel(parts, cost: each * width) { range in
        for part in range {
          let sum = sums.buffer.pointer + part * width
          for row in Swift.min(rows, part * each)..<Swift.min(rows, (part + 1) * each) {
            let x = x + row &* width, g = g + row &* width, to = target + row &* width
            let told = factors.pointer[row], scale = abs(told)
            var total = Vector16(repeating: 0), i = 0
            while i < width {
              let product = g.vector(i, of: width) * x.vector(i, of: width)
              if let w {
                sum.store(sum.vector(i, of: width) + product * scale, i, of: width)
                total += product * w.vector(i, of: width)
              } else {
                total += product
              }
              i &+= 16
            }
            let along = told < 0 ? 0 : overtone_reduce_add(total) * scale * scale / mean
            i = 0
            while i < width {
              var slope = g.vector(i, of: width)
              if let w { slope *= w.vector(i, of: width) }
              slope = (slope - x.vector(i, of: width) * along) * scale
              if adds { slope += to.vector(i, of: width) }
              to.store(slope, i, of: width)
              i &+= 16
            }
          }
        }
      }
      return weight == nil ? [toSelf] : [toSelf, sums.columnSums(width: width)]
    }
  }
}
