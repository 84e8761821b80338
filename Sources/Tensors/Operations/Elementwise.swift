import Glibc

extension Tensor {
  /// A tensor of the same shape, sixteen scalars at a time. Buffers are padded to whole vectors of 16, so the last may overrun.
  @inline(__always)
  func map(cost: Int = 1, _ transform: (Vector16) -> Vector16) -> Tensor {
    let result = Buffer(count: count), source = UnsafePointer(buffer.pointer), target = result.pointer
    parallel((count + 15) / 16, cost: 16 * cost) { range in
      for i in range { target[vector: 16 * i] = transform(source[vector: 16 * i]) }
    }
    return Tensor(shape: shape, buffer: result, node: nil)
  }

  /// Two tensors of one shape made into a third.
  @inline(__always)
  func zip(_ other: Tensor, cost: Int = 1, _ transform: (Vector16, Vector16) -> Vector16) -> Tensor {
    precondition(shape == other.shape, "shapes \(shape) and \(other.shape) differ")
    let result = Buffer(count: count), target = result.pointer
    let left = UnsafePointer(buffer.pointer), right = UnsafePointer(other.buffer.pointer)
    parallel((count + 15) / 16, cost: 16 * cost) { range in
      for i in range { target[vector: 16 * i] = transform(left[vector: 16 * i], right[vector: 16 * i]) }
    }
    return Tensor(shape: shape, buffer: result, node: nil)
  }

  /// e to the power of each scalar.
  public var exponential: Tensor {
    let value = map(cost: 4) { exp($0) }
    return value.recorded(inputs: [self]) { [$0.zip(value) { $0 * $1 }] }
  }

  /// Natural logarithm; of zero, minus infinity.
  public var logarithm: Tensor {
    let value = scalarwise { logf($0) }
    return value.recorded(inputs: [self]) { [self = detached] in [$0.zip(self) { $0 / $1 }] }
  }

  public var squared: Tensor {
    map { $0 * $0 }.recorded(inputs: [self]) { [self = detached] in [$0.zip(self) { $0 * $1 * 2 }] }
  }

  public var squareRoot: Tensor {
    let value = scalarwise { $0.squareRoot() }
    return value.recorded(inputs: [self]) { [$0.zip(value) { $0 / ($1 + $1) }] }
  }

  public var absolute: Tensor {
    map { magnitude($0) }.recorded(inputs: [self]) { [self = detached] in
      [$0.zip(self) { wherePositive($1, $0 + $0) - $0 }]
    }
  }

  /// Each scalar moved into `range`; no gradient flows where it was outside.
  public func clamped(to range: ClosedRange<Float>) -> Tensor {
    let low = Vector16(repeating: range.lowerBound), high = Vector16(repeating: range.upperBound)
    let value = map { x in x.replacing(with: low, where: x .< low).replacing(with: high, where: x .> high) }
    return value.recorded(inputs: [self]) { [self = detached] in
      [
        $0.zip(self) { gradient, x in
          gradient.replacing(with: Vector16(repeating: 0), where: (x .< low) .| (x .> high))
        }
      ]
    }
  }

  /// One scalar at a time, for functions that have no vector form here.
  private func scalarwise(_ transform: (Float) -> Float) -> Tensor {
    Tensor(unfilled: shape) { target in
      let target = target.baseAddress!, source = buffer.pointer
      parallel(count, cost: 20, unit: 16) { range in for i in range { target[i] = transform(source[i]) } }
    }
  }
}
