import COpenBLAS

/// Sixteen floats: one AVX-512 register, or two of AVX.
///
/// Kernels use `+ - * /` and the functions below. Comparisons and `replacing` become masked moves where they stand
/// alone in a loop, as in `clamped(to:)` and `nearestRows(of:)`; around arithmetic Swift 6.3 splits them, and all that
/// depends on them, into registers of four floats, and `pointwiseMax` and `sum()` into single floats (seen in the
/// machine code). Functions that need those are written in C, in `vector16.h`.
@usableFromInline typealias Vector16 = SIMD16<Float>

/// Floats of a `Vector16`.
@inline(__always) var vectorWidth: Int { 16 }

/// Vectors that hold so many floats.
@inline(__always) func vectorCount(_ floats: Int) -> Int { (floats + vectorWidth - 1) / vectorWidth }

/// So many floats, rounded up to whole vectors.
@inline(__always) func paddedToVectors(_ floats: Int) -> Int { vectorCount(floats) * vectorWidth }

extension UnsafeMutablePointer<Float> {
  /// Sixteen floats from `offset` on, aligned or not.
  @inline(__always) subscript(vector offset: Int) -> Vector16 {
    get { UnsafeRawPointer(self + offset).loadUnaligned(as: Vector16.self) }
    nonmutating set { UnsafeMutableRawPointer(self + offset).storeBytes(of: newValue, as: Vector16.self) }
  }
}
extension UnsafePointer<Float> {
  /// Sixteen floats from `offset` on, aligned or not.
  @inline(__always) subscript(vector offset: Int) -> Vector16 {
    UnsafeRawPointer(self + offset).loadUnaligned(as: Vector16.self)
  }
}

/// a b + c, rounded once where the processor has a fused multiply-add.
@inline(__always)
func multiplyAdd(_ a: Vector16, _ b: Vector16, _ c: Vector16) -> Vector16 { overtone_multiply_add(a, b, c) }

/// e^x with a relative error below 2e-7; 0 below -87, about 1e38 above 88.
@inline(__always) func exp(_ x: Vector16) -> Vector16 { overtone_exp(x) }

/// e^x for x of at most 88, with the same error; 0 below -87.
@inline(__always) func expBounded(_ x: Vector16) -> Vector16 { overtone_exp_bounded(x) }

/// 1 / x within 1.5 units in the last place, for |x| of 2^-126 to 2^126.
@inline(__always) func reciprocal(_ x: Vector16) -> Vector16 { overtone_reciprocal(x) }

/// 1 / (1 + e^-x)
@inline(__always) func sigmoid(_ x: Vector16) -> Vector16 { reciprocal(1 + exp(0 - x)) }

/// 1 - 2 / (e^2x + 1)
@inline(__always) func tanh(_ x: Vector16) -> Vector16 {
  multiplyAdd(reciprocal(exp(x + x) + 1), Vector16(repeating: -2), Vector16(repeating: 1))
}

/// |x|
@inline(__always) func magnitude(_ x: Vector16) -> Vector16 { overtone_magnitude(x) }

/// `value` where x is not below zero, 0 elsewhere.
@inline(__always) func wherePositive(_ x: Vector16, _ value: Vector16) -> Vector16 { overtone_where_positive(x, value) }

/// The error function erf(x), and e^(-x^2), from which it is computed.
@inline(__always)
func errorFunction(_ x: Vector16) -> (value: Vector16, expNegSquare: Vector16) {
  let expNegSquare = overtone_exp_neg_square(x)
  return (overtone_erf(x, expNegSquare), expNegSquare)
}

/// The first `count` elements from memory, `padding` in the others.
@inline(__always)
func loadPartial(_ pointer: UnsafePointer<Float>, _ count: Int, padding: Float = 0) -> Vector16 {
  var vector = Vector16(repeating: padding)
  for i in 0..<count { vector[i] = pointer[i] }
  return vector
}

extension UnsafePointer<Float> {
  /// Sixteen floats from `offset` on; zeros from `count` on.
  @inline(__always) func vector(_ offset: Int, of count: Int) -> Vector16 {
    offset &+ vectorWidth <= count ? self[vector: offset] : loadPartial(self + offset, count &- offset)
  }
}
extension UnsafeMutablePointer<Float> {
  @inline(__always) func vector(_ offset: Int, of count: Int) -> Vector16 {
    UnsafePointer(self).vector(offset, of: count)
  }

  /// Writes sixteen floats from `offset` on, as far as they lie before `count`.
  @inline(__always) func store(_ vector: Vector16, _ offset: Int, of count: Int) {
    if offset &+ vectorWidth <= count {
      self[vector: offset] = vector
    } else {
      for i in 0..<count &- offset { self[offset &+ i] = vector[i] }
    }
  }
}

/// The sum of `transform` over a row of `count` floats: sixteen partial sums, then the rest in order.
@inline(__always)
func rowSum(_ pointer: UnsafePointer<Float>, _ count: Int, _ transform: (Vector16) -> Vector16) -> Float {
  var total = Vector16(repeating: 0), i = 0
  while i + vectorWidth <= count { total += transform(pointer[vector: i]); i += vectorWidth }
  var sum = overtone_reduce_add(total)
  if i < count {
    let rest = transform(loadPartial(pointer + i, count - i))
    for k in 0..<count - i { sum += rest[k] }
  }
  return sum
}

/// The dot product of two rows of `count` floats: sixteen partial sums, then the rest in order.
@inline(__always)
func rowDot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
  var total = Vector16(repeating: 0), i = 0
  while i + vectorWidth <= count { total += a[vector: i] * b[vector: i]; i += vectorWidth }
  var sum = overtone_reduce_add(total)
  while i < count { sum += a[i] * b[i]; i += 1 }
  return sum
}

/// The maximum of a row of `count` floats; minus infinity of an empty one.
@inline(__always)
func rowMax(_ pointer: UnsafePointer<Float>, _ count: Int) -> Float {
  var largest = -Float.infinity, i = 0
  if count >= vectorWidth {
    var best = pointer[vector: 0]
    i = vectorWidth
    while i + vectorWidth <= count {
      let next = pointer[vector: i]
      best = overtone_max(next, best)
      i += vectorWidth
    }
    largest = overtone_reduce_max(best)
  }
  while i < count { largest = Swift.max(largest, pointer[i]); i += 1 }
  return largest
}

/// The distance in floats to the element that is read some 512 elements later, where `count` of every `width` floats
/// are read, row after row: how far ahead a kernel prefetches.
@inline(__always)
func prefetchDistance(_ count: Int, width: Int) -> Int { Swift.max(1, 512 / Swift.max(1, count)) &* width }
