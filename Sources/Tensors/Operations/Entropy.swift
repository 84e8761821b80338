import Glibc

extension Tensor {
  /// The entropy of each row's softmax in nats: self [rows, classes]; [rows].
  ///
  /// One operation, since probabilities that round to 0 have no logarithm: with p the softmax of x, m the maximum of x
  /// and log p = x - m + log(max p), the entropy is -log(max p) - sum p (x - m).
  public var softmaxEntropy: Tensor {
    let classes = shape.last ?? 1, rows = count / Swift.max(1, classes), source = UnsafePointer(buffer.pointer)
    let probabilities = Buffer(count: count), tops = Buffer(count: 2 * rows)
    let value = Tensor(unfilled: [rows]) { target in
      let target = target.baseAddress!, p = probabilities.pointer
      parallel(rows, cost: 8 * classes) { range in
        for row in range {
          let x = source + row * classes, largest = rowMax(x, classes)
          softmaxRow(x, into: p + row * classes, classes)
          // log p = x - largest + top, where top is the logarithm of the largest probability.
          let top = logf(rowMax(p + row * classes, classes))
          (tops.pointer[2 * row], tops.pointer[2 * row + 1]) = (largest, top)
          var sum: Float = 0
          for i in 0..<classes { sum += p[row * classes + i] * (x[i] - largest) }
          target[row] = -top - sum
        }
      }
    }
    return value.recorded(inputs: [self]) { [self = detached] g in
      [
        Tensor(unfilled: self.shape) { target in
          let target = target.baseAddress!, p = probabilities.pointer, x = self.buffer.pointer
          parallel(rows, cost: 4 * classes) { range in
            for row in range {
              // dx = -g p (log p + entropy)
              let weight = -g.buffer.pointer[row]
              let shift = tops.pointer[2 * row + 1] - tops.pointer[2 * row] + value.buffer.pointer[row]
              for i in row * classes..<(row + 1) * classes { target[i] = weight * p[i] * (x[i] + shift) }
            }
          }
        }
      ]
    }
  }
}
