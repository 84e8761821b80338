import COpenBLAS
import Glibc

extension Tensor {
  /// The softmax along the last axis: exp(x_i) over the sum of exp(x_j), computed relative to the row's maximum.
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
              // dx = p (g - sum p g)
              let o = row * width, mean = rowDot(p + o, g + o, width)
              for i in o..<o + width { target[i] = p[i] * (g[i] - mean) }
            }
          }
        }
      ]
    }
  }

  /// The cross-entropy of each row's class under softmax, in nats: self [rows, classes], answers [rows]; [rows].
  ///
  /// With `smoothing` s the target is 1 - s + s / classes on the answer and s / classes elsewhere
  /// (Szegedy et al. 2016, arXiv 1512.00567).
  public func crossEntropy(_ answers: [Int], smoothing: Float = 0) -> Tensor {
    let classes = shape.last ?? 1, rows = count / Swift.max(1, classes), source = UnsafePointer(buffer.pointer)
    precondition(answers.count == rows, "\(answers.count) answers for \(rows) rows")
    precondition(answers.allSatisfy { (0..<classes).contains($0) }, "an answer is outside 0..<\(classes)")
    let probabilities = Buffer(count: count), p = probabilities.pointer
    let value = Tensor(unfilled: [rows]) { target in
      let target = target.baseAddress!
      parallel(rows, cost: 6 * classes) { range in
        for row in range {
          let x = source + row * classes
          let total = softmaxRow(x, into: p + row * classes, classes)
          let mean = smoothing == 0 ? 0 : rowSum(x, classes) { $0 } / Float(classes)
          // The log-sum-exp minus the sum of target times x, since targets add up to 1.
          target[row] = total - (1 - smoothing) * x[answers[row]] - smoothing * mean
        }
      }
    }
    return value.recorded(inputs: [self]) { [shape] g in
      [
        Tensor(unfilled: shape) { target in
          let target = target.baseAddress!, g = g.buffer.pointer, p = probabilities.pointer
          parallel(rows, cost: 2 * classes) { range in
            for row in range {
              // dx = g (p - target)
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

/// Writes the softmax of `scale` times a row of `width` scalars; returns the logarithm of the sum of exponentials.
/// Source and target may be one row.
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

/// Writes, in place, the softmax of `scale` times the first `valid` scalars of a row, and zeros up to the end of the
/// whole vectors of 16 that hold `count`; the row has room for those.
@inline(__always)
func softmaxRow(_ row: UnsafeMutablePointer<Float>, _ valid: Int, of count: Int, scale: Float) -> Float {
  let whole = (count + 15) / 16 * 16
  for i in valid..<whole { row[i] = -.infinity }
  return softmaxRow(row, into: row, whole, scale: scale)
}
