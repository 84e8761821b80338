import COpenBLAS

/// Sixteen floats at once: one AVX-512 register, two AVX ones.
///
/// Only `+ - * /` are used: other SIMD methods of the standard library are calls, some 70 times slower, and comparisons and
/// `replacing` are taken apart into registers of four, with all that comes before and after (Swift 6.3). What needs
/// them is in `vector16.h`.
@usableFromInline typealias Vector16 = SIMD16<Float>

/// Floats of a `Vector16`.
@inline(__always) var vectorWidth: Int { 16 }

extension UnsafeMutablePointer<Float> {
  @inline(__always) subscript(vector offset: Int) -> Vector16 {
    get { UnsafeRawPointer(self + offset).loadUnaligned(as: Vector16.self) }
    nonmutating set { UnsafeMutableRawPointer(self + offset).storeBytes(of: newValue, as: Vector16.self) }
  }
}
extension UnsafePointer<Float> {
  @inline(__always) subscript(vector offset: Int) -> Vector16 {
    UnsafeRawPointer(self + offset).loadUnaligned(as: Vector16.self)
  }
}

/// a b + c, rounded once where the processor has a fused multiply-add.
@inline(__always)
func multiplyAdd(_ a: Vector16, _ b: Vector16, _ c: Vector16) -> Vector16 { overtone_multiply_add(a, b, c) }

/// e^x with a relative error below 2e-7; 0 below -87, about 1e38 above 88.
@inline(__always) func exp(_ x: Vector16) -> Vector16 { overtone_exp(x) }

/// The same for x of no more than 88.
@inline(__always) func expBounded(_ x: Vector16) -> Vector16 { overtone_exp_bounded(x) }

/// 1 / x, for x neither close to the least nor to the greatest floats.
@inline(__always) func reciprocal(_ x: Vector16) -> Vector16 { overtone_reciprocal(x) }

@inline(__always) func sigmoid(_ x: Vector16) -> Vector16 { reciprocal(1 + exp(0 - x)) }

@inline(__always) func tanh(_ x: Vector16) -> Vector16 {
  multiplyAdd(reciprocal(exp(x + x) + 1), Vector16(repeating: -2), Vector16(repeating: 1))
}

@inline(__always) func magnitude(_ x: Vector16) -> Vector16 { overtone_magnitude(x) }

/// `value` where x is not below zero, zeros elsewhere.
@inline(__always) func wherePositive(_ x: Vector16, _ value: Vector16) -> Vector16 { overtone_where_positive(x, value) }

/// The error function and e^(-x^2).
@inline(__always)
func errorFunction(_ x: Vector16) -> (value: Vector16, gauss: Vector16) {
  let gauss = overtone_exp_neg_square(x)
  return (overtone_erf(x, gauss), gauss)
}

/// The first `count` lanes from memory, the rest as given.
@inline(__always)
func loadPartial(_ pointer: UnsafePointer<Float>, _ count: Int, padding: Float = 0) -> Vector16 {
  var lanes = Vector16(repeating: padding)
  for i in 0..<count { lanes[i] = pointer[i] }
  return lanes
}

extension UnsafePointer<Float> {
  /// Sixteen floats from `offset` on, of which those before `count` are real and the others zero.
  @inline(__always) func vector(_ offset: Int, of count: Int) -> Vector16 {
    offset &+ 16 <= count ? self[vector: offset] : loadPartial(self + offset, count &- offset)
  }
}
extension UnsafeMutablePointer<Float> {
  @inline(__always) func vector(_ offset: Int, of count: Int) -> Vector16 {
    UnsafePointer(self).vector(offset, of: count)
  }

  /// Stores those of sixteen floats that lie before `count`.
  @inline(__always) func store(_ lanes: Vector16, _ offset: Int, of count: Int) {
    if offset &+ 16 <= count {
      self[vector: offset] = lanes
    } else {
      for i in 0..<count &- offset { self[offset &+ i] = lanes[i] }
    }
  }
}

/// Sum of `transform` over a row.
@inline(__always)
func rowSum(_ pointer: UnsafePointer<Float>, _ count: Int, _ transform: (Vector16) -> Vector16) -> Float {
  var total = Vector16(repeating: 0), i = 0
  while i + 16 <= count { total += transform(pointer[vector: i]); i += 16 }
  var sum = overtone_reduce_add(total)
  if i < count {
    let rest = transform(loadPartial(pointer + i, count - i))
    for k in 0..<count - i { sum += rest[k] }
  }
  return sum
}

/// Sum of the products of two rows.
@inline(__always)
func rowDot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
  var total = Vector16(repeating: 0), i = 0
  while i + 16 <= count { total += a[vector: i] * b[vector: i]; i += 16 }
  var sum = overtone_reduce_add(total)
  while i < count { sum += a[i] * b[i]; i += 1 }
  return sum
}

@inline(__always)
func rowMax(_ pointer: UnsafePointer<Float>, _ count: Int) -> Float {
  var largest = -Float.infinity, i = 0
  if count >= 16 {
    var best = pointer[vector: 0]
    i = 16
    while i + 16 <= count {
      let next = pointer[vector: i]
      best = overtone_max(next, best)
      i += 16
    }
    largest = overtone_reduce_max(best)
  }
  while i < count { largest = Swift.max(largest, pointer[i]); i += 1 }
  return largest
}

/// Floats from one to what comes half a thousand later where `count` of every `width` are read, row after row.
@inline(__always)
func prefetchDistance(_ count: Int, width: Int) -> Int { Swift.max(1, 512 / Swift.max(1, count)) &* width }
