import Glibc

extension Tensor {
  /// Applies `transform` to sixteen scalars at a time; no gradient.
  ///
  /// Buffers are padded to whole vectors, so the last one may reach beyond the scalars. `cost` is roughly the
  /// operations per scalar.
  @inline(__always)
  func map(cost: Int = 1, _ transform: (Vector16) -> Vector16) -> Tensor {
    let result = Buffer(count: count), source = UnsafePointer(buffer.pointer), target = result.pointer
    parallel((count + 15) / 16, cost: 16 * cost) { range in
      for i in range { target[vector: 16 * i] = transform(source[vector: 16 * i]) }
    }
    return Tensor(shape: shape, buffer: result, node: nil)
  }

  /// Combines two tensors of equal shape, sixteen scalars at a time; no gradient.
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

  /// The exponential of each scalar.
  public var exponential: Tensor {
    let value = map(cost: 4) { exp($0) }
    return value.recorded(inputs: [self]) { [$0.zip(value) { $0 * $1 }] }
  }

  /// The natural logarithm of each scalar; minus infinity for zero, not a number below.
  public var logarithm: Tensor {
    let value = scalarwise { logf($0) }
    return value.recorded(inputs: [self]) { [self = detached] in [$0.zip(self) { $0 / $1 }] }
  }

  /// The square of each scalar.
  public var squared: Tensor {
    map { $0 * $0 }.recorded(inputs: [self]) { [self = detached] in [$0.zip(self) { $0 * $1 * 2 }] }
  }

  /// The square root of each scalar; its gradient at zero is infinite.
  public var squareRoot: Tensor {
    let value = scalarwise { $0.squareRoot() }
    return value.recorded(inputs: [self]) { [$0.zip(value) { $0 / ($1 + $1) }] }
  }

  /// The absolute value of each scalar; its gradient at zero is -1 times the incoming one.
  public var absolute: Tensor {
    map { magnitude($0) }.recorded(inputs: [self]) { [self = detached] in
      [$0.zip(self) { wherePositive($1, $0 + $0) - $0 }]
    }
  }

  /// Each scalar limited to `range`; no gradient flows where it was outside.
  public func clamped(to range: ClosedRange<Float>) -> Tensor {
    let lower = Vector16(repeating: range.lowerBound), upper = Vector16(repeating: range.upperBound)
    let value = map { x in x.replacing(with: lower, where: x .< lower).replacing(with: upper, where: x .> upper) }
    return value.recorded(inputs: [self]) { [self = detached] in
      [
        $0.zip(self) { gradient, x in
          gradient.replacing(with: Vector16(repeating: 0), where: (x .< lower) .| (x .> upper))
        }
      ]
    }
  }

  /// Applies `transform` to one scalar at a time, for functions without a vector form; no gradient.
  private func scalarwise(_ transform: (Float) -> Float) -> Tensor {
    Tensor(unfilled: shape) { target in
      let target = target.baseAddress!, source = buffer.pointer
      parallel(count, cost: 20, unit: 16) { range in for i in range { target[i] = transform(source[i]) } }
    }
  }
}
