import COpenBLAS
import Glibc

extension Tensor {
  /// Shares that add up to one along the last axis.
  public var softmax: Tensor {
    let width = shape.last ?? 1, rows = count / Swift.max(1, width), source = UnsafePointer(buffer.pointer)
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!
      parallel(rows, cost: 6 * width) { range in
        for row in range { softmaxRow(source + row * width, into: target + row * width, width) }
      }
    }
    return value.recorded(inputs: [self]) { g in
      [
        Tensor(unfilled: value.shape) { target in
          let target = target.baseAddress!, p = UnsafePointer(value.buffer.pointer), g = UnsafePointer(g.buffer.pointer)
          parallel(rows, cost: 4 * width) { range in
            for row in range {
              let o = row * width, mean = rowDot(p + o, g + o, width)
              for i in o..<o + width { target[i] = p[i] * (g[i] - mean) }
            }
          }
        }
      ]
    }
  }

  /// Minus the log-probability of each row's class under softmax: self [rows, classes], answers [rows]; [rows].
  ///
  /// With `smoothing` s the target is 1 - s + s / classes on the answer and s / classes elsewhere
  /// (Szegedy et al. 2016, arXiv 1512.00567).
  public func crossEntropy(_ answers: [Int], smoothing: Float = 0) -> Tensor {
    let classes = shape.last ?? 1, rows = count / Swift.max(1, classes), source = UnsafePointer(buffer.pointer)
    precondition(answers.count == rows, "\(answers.count) answers for \(rows) rows")
    precondition(answers.allSatisfy { (0..<classes).contains($0) }, "an answer is outside 0..<\(classes)")
    let shares = Buffer(count: count), p = shares.pointer
    let value = Tensor(unfilled: [rows]) { target in
      let target = target.baseAddress!
      parallel(rows, cost: 6 * classes) { range in
        for row in range {
          let x = source + row * classes
          let total = softmaxRow(x, into: p + row * classes, classes)
          let mean = smoothing == 0 ? 0 : rowSum(x, classes) { $0 } / Float(classes)
          target[row] = total - (1 - smoothing) * x[answers[row]] - smoothing * mean
        }
      }
    }
    return value.recorded(inputs: [self]) { [shape] g in
      [
        Tensor(unfilled: shape) { target in
          let target = target.baseAddress!, g = g.buffer.pointer, p = shares.pointer
          parallel(rows, cost: 2 * classes) { range in
            for row in range {
              let o = row * classes, weight = g[row], rest = smoothing / Float(classes)
              for i in o..<o + classes { target[i] = weight * (p[i] - rest) }
              target[o + answers[row]] -= weight * (1 - smoothing)
            }
          }
        }
      ]
    }
  }
}

/// One row of shares of `scale` times the source; gives the logarithm of the sum of exponentials.
@discardableResult
@inline(__always)
func softmaxRow(
  _ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, _ width: Int, scale: Float = 1
) -> Float {
  let factor = scale, largest = rowMax(source, width) * scale
  var total = Vector16(repeating: 0), sum: Float = 0, i = 0
  while i + 16 <= width {
    let e = exp(source[vector: i] * factor - largest)
    target[vector: i] = e
    total += e
    i += 16
  }
  if i < width {
    let e = exp(loadPartial(source + i, width - i) * factor - largest)
    for k in 0..<width - i {
      target[i + k] = e[k]
      sum += e[k]
    }
  }
  sum += overtone_reduce_add(total)
  let scale = 1 / sum
  i = 0
  while i < width {
    target.store(target.vector(i, of: width) * scale, i, of: width)
    i &+= 16
  }
  return largest + logf(sum)
}

/// The same in place for the first `own` of `seen` numbers, zeros for the others: whole vectors of 16 of a row that has room for
/// them.
@inline(__always)
func softmaxRow(_ row: UnsafeMutablePointer<Float>, _ own: Int, of seen: Int, scale: Float) -> Float {
  let whole = (seen + 15) / 16 * 16
  for i in own..<whole { row[i] = -.infinity }
  return softmaxRow(row, into: row, whole, scale: scale)
}
