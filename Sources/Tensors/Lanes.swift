/// Sixteen floats at once: one AVX-512 register, two AVX ones.
///
/// Only `+ - *`, comparisons, `replacing` and bit casts are used: other SIMD methods of the standard library are calls,
/// and some 70 times slower (measured on Swift 6.3).
@usableFromInline typealias Lanes = SIMD16<Float>

extension UnsafeMutablePointer<Float> {
  @inline(__always) subscript(lanes offset: Int) -> Lanes {
    get { UnsafeRawPointer(self + offset).loadUnaligned(as: Lanes.self) }
    nonmutating set { UnsafeMutableRawPointer(self + offset).storeBytes(of: newValue, as: Lanes.self) }
  }
}
extension UnsafePointer<Float> {
  @inline(__always) subscript(lanes offset: Int) -> Lanes {
    UnsafeRawPointer(self + offset).loadUnaligned(as: Lanes.self)
  }
}

/// e^x with a relative error below 2e-7; 0 below -87, about 1e38 above 88.
@inline(__always)
func exp(_ x: Lanes) -> Lanes {
  var x = x.replacing(with: Lanes(repeating: 88), where: x .> Lanes(repeating: 88))
  let tiny = x .< Lanes(repeating: -87)
  x = x.replacing(with: Lanes(repeating: -87), where: tiny)
  // x = n ln 2 + r with |r| <= ln 2 / 2; adding 1.5 * 2^23 rounds to the nearest whole n.
  let magic = Lanes(repeating: 12_582_912)
  let shifted = x * 1.442_695_04 + magic
  let n = shifted - magic
  let r = x - n * 0.693_359_375 + n * 2.121_944_4e-4
  // Cephes' polynomial for (e^r - 1 - r) / r^2.
  var p = r * 1.987_569_15e-4 + 1.398_199_95e-3
  p = p * r + 8.333_451_9e-3
  p = p * r + 4.166_579_6e-2
  p = p * r + 1.666_666_55e-1
  p = p * r + 5.000_000_1e-1
  let power = p * r * r + r + 1
  // 2^n by writing n into the exponent.
  let bits = SIMD16<Int32>(truncatingIfNeeded: unsafeBitCast(shifted, to: SIMD16<Int32>.self)) &- 0x4B40_0000
  let scale = unsafeBitCast((bits &+ 127) &<< 23, to: Lanes.self)
  return (power * scale).replacing(with: Lanes(repeating: 0), where: tiny)
}

@inline(__always) func sigmoid(_ x: Lanes) -> Lanes { 1 / (1 + exp(0 - x)) }

@inline(__always) func tanh(_ x: Lanes) -> Lanes { 1 - 2 / (exp(x + x) + 1) }

@inline(__always) func magnitude(_ x: Lanes) -> Lanes { x.replacing(with: 0 - x, where: x .< Lanes(repeating: 0)) }

/// The error function and e^(-x^2), which its formula needs anyway (Abramowitz and Stegun 7.1.26; error below 2e-7).
@inline(__always)
func errorFunction(_ x: Lanes) -> (value: Lanes, gauss: Lanes) {
  let a = magnitude(x)
  let t = 1 / (1 + a * 0.327_591_1)
  var p = t * 1.061_405_429 - 1.453_152_027
  p = p * t + 1.421_413_741
  p = p * t - 0.284_496_736
  p = p * t + 0.254_829_592
  let gauss = exp(0 - x * x)
  let positive = 1 - p * t * gauss
  return (positive.replacing(with: 0 - positive, where: x .< Lanes(repeating: 0)), gauss)
}

/// The first `count` lanes from memory, the rest as given.
@inline(__always)
func partial(_ pointer: UnsafePointer<Float>, _ count: Int, otherwise: Float = 0) -> Lanes {
  var lanes = Lanes(repeating: otherwise)
  for i in 0..<count { lanes[i] = pointer[i] }
  return lanes
}

extension UnsafePointer<Float> {
  /// Sixteen floats from `offset` on, of which those before `count` are real and the others zero.
  @inline(__always) func lanes(_ offset: Int, of count: Int) -> Lanes {
    offset &+ 16 <= count ? self[lanes: offset] : partial(self + offset, count &- offset)
  }
}
extension UnsafeMutablePointer<Float> {
  @inline(__always) func lanes(_ offset: Int, of count: Int) -> Lanes {
    UnsafePointer(self).lanes(offset, of: count)
  }

  /// Stores those of sixteen floats that lie before `count`.
  @inline(__always) func store(_ lanes: Lanes, _ offset: Int, of count: Int) {
    if offset &+ 16 <= count {
      self[lanes: offset] = lanes
    } else {
      for i in 0..<count &- offset { self[offset &+ i] = lanes[i] }
    }
  }
}

/// Sum of `transform` over a row.
@inline(__always)
func rowSum(_ pointer: UnsafePointer<Float>, _ count: Int, _ transform: (Lanes) -> Lanes) -> Float {
  var total = Lanes(repeating: 0), i = 0
  while i + 16 <= count { total += transform(pointer[lanes: i]); i += 16 }
  var sum = total.sum()
  if i < count {
    let rest = transform(partial(pointer + i, count - i))
    for k in 0..<count - i { sum += rest[k] }
  }
  return sum
}

/// Sum of the products of two rows.
@inline(__always)
func rowDot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
  var total = Lanes(repeating: 0), i = 0
  while i + 16 <= count { total += a[lanes: i] * b[lanes: i]; i += 16 }
  var sum = total.sum()
  while i < count { sum += a[i] * b[i]; i += 1 }
  return sum
}

@inline(__always)
func rowMax(_ pointer: UnsafePointer<Float>, _ count: Int) -> Float {
  var largest = -Float.infinity, i = 0
  if count >= 16 {
    var best = pointer[lanes: 0]
    i = 16
    while i + 16 <= count {
      let next = pointer[lanes: i]
      best = best.replacing(with: next, where: next .> best)
      i += 16
    }
    largest = best.max()
  }
  while i < count { largest = Swift.max(largest, pointer[i]); i += 1 }
  return largest
}
