extension Tensor {
  /// The scalars in another shape of equal size; no copy.
  public func reshaped(_ shape: [Int]) -> Tensor {
    guard shape != self.shape else { return self }
    precondition(shape.product == count, "shape \(self.shape) does not become \(shape)")
    return Tensor(shape: shape, buffer: buffer, node: nil).recorded(inputs: [self]) { [old = self.shape] in
      [$0.reshaped(old)]
    }
  }

  /// The tensor with its axes in another order: axis i of the result is axis `axes[i]` of this one.
  public func permuted(_ axes: [Int]) -> Tensor {
    precondition(axes.sorted() == Array(shape.indices), "\(axes) is no order of the axes of shape \(shape)")
    var strides = Array(repeating: 1, count: shape.count)
    for axis in shape.indices.dropLast().reversed() { strides[axis] = strides[axis + 1] * shape[axis + 1] }
    let shape = axes.map { self.shape[$0] }, steps = axes.map { strides[$0] }, source = buffer.pointer
    let last = shape.last ?? 1, step = steps.last ?? 1
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!
      parallel(shape.dropLast().reduce(1, *), cost: last * 2 + 8) { range in
        for row in range {
          var rest = row, offset = 0
          for axis in (0..<Swift.max(0, shape.count - 1)).reversed() {
            offset += rest % shape[axis] * steps[axis]
            rest /= shape[axis]
          }
          let line = target + row * last
          if step == 1 {
            line.update(from: source + offset, count: last)
          } else {
            for i in 0..<last { line[i] = source[offset + i * step] }
          }
        }
      }
    }
    return value.recorded(inputs: [self]) { g in
      var inverse = axes
      for (i, axis) in axes.enumerated() { inverse[axis] = i }
      return [g.permuted(inverse)]
    }
  }

  /// The entries `range` of one axis.
  public func sliced(_ range: Range<Int>, axis: Int) -> Tensor {
    precondition(
      range.lowerBound >= 0 && range.upperBound <= shape[axis], "\(range) is outside axis \(axis) of \(shape)")
    let outer = shape[..<axis].reduce(1, *), inner = shape[(axis + 1)...].reduce(1, *), length = shape[axis]
    var part = shape
    part[axis] = range.count
    let source = buffer.pointer, block = range.count * inner
    let value = Tensor(unfilled: part) { target in
      let target = target.baseAddress!
      parallel(outer, cost: block + 4) { rows in
        for o in rows {
          (target + o * block).update(from: source + (o * length + range.lowerBound) * inner, count: block)
        }
      }
    }
    return value.recordedAccumulating(inputs: [self]) { [shape] g, existingGradient in
      if let sum = existingGradient(0) {
        let target = sum.buffer.pointer
        parallel(outer, cost: block + 4) { rows in
          for o in rows {
            let line = target + (o * length + range.lowerBound) * inner, from = g.buffer.pointer + o * block
            for i in 0..<block { line[i] += from[i] }
          }
        }
        return [sum]
      }
      return [
        Tensor(unfilled: shape) { target in
          let target = target.baseAddress!
          parallel(outer, cost: length * inner) { rows in
            for o in rows {
              let line = target + o * length * inner
              line.update(repeating: 0, count: length * inner)
              (line + range.lowerBound * inner).update(from: g.buffer.pointer + o * block, count: block)
            }
          }
        }
      ]
    }
  }

  /// Tensors joined along one axis; their other axes must be equal.
  public static func concatenated(_ parts: [Tensor], axis: Int) -> Tensor {
    precondition(!parts.isEmpty, "nothing to concatenate")
    var shape = parts[0].shape
    shape[axis] = parts.reduce(0) { $0 + $1.shape[axis] }
    for part in parts {
      var other = part.shape
      other[axis] = shape[axis]
      precondition(other == shape, "shapes \(parts.map(\.shape)) do not join along axis \(axis)")
    }
    let outer = shape[..<axis].reduce(1, *), inner = shape[(axis + 1)...].reduce(1, *), row = shape[axis] * inner
    let offsets = parts.indices.map { parts[..<$0].reduce(0) { $0 + $1.shape[axis] } }
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!
      parallel(outer, cost: row + 8) { rows in
        for o in rows {
          for (part, offset) in Swift.zip(parts, offsets) {
            let block = part.shape[axis] * inner
            (target + o * row + offset * inner).update(from: part.buffer.pointer + o * block, count: block)
          }
        }
      }
    }
    return value.recorded(inputs: parts) { [lengths = parts.map { $0.shape[axis] }] g in
      Swift.zip(offsets, lengths).map { offset, length in g.sliced(offset..<offset + length, axis: axis) }
    }
  }
}
