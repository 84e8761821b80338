import COpenBLAS

/// Sixteen floats at once: one AVX-512 register, two AVX ones.
///
/// Only `+ - * /` are used: other SIMD methods of the standard library are calls, some 70 times slower, and comparisons and
/// `replacing` are taken apart into registers of four, with all that comes before and after (Swift 6.3). What needs
/// them is in `lanes.h`.
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
@inline(__always) func exp(_ x: Lanes) -> Lanes { overtone_exp(x) }

/// The same for x of no more than 88.
@inline(__always) func expDown(_ x: Lanes) -> Lanes { overtone_exp_down(x) }

/// 1 / x, for x neither close to the least nor to the greatest floats.
@inline(__always) func reciprocal(_ x: Lanes) -> Lanes { overtone_reciprocal(x) }

@inline(__always) func sigmoid(_ x: Lanes) -> Lanes { reciprocal(1 + exp(0 - x)) }

@inline(__always) func tanh(_ x: Lanes) -> Lanes {
  multiplyAdd(reciprocal(exp(x + x) + 1), Lanes(repeating: -2), Lanes(repeating: 1))
}

@inline(__always) func magnitude(_ x: Lanes) -> Lanes { overtone_magnitude(x) }

/// `value` where x is not below zero, zeros elsewhere.
@inline(__always) func wherePositive(_ x: Lanes, _ value: Lanes) -> Lanes { overtone_where_positive(x, value) }

/// The error function and e^(-x^2).
@inline(__always)
func errorFunction(_ x: Lanes) -> (value: Lanes, gauss: Lanes) {
  let gauss = overtone_bell(x)
  return (overtone_error_function(x, gauss), gauss)
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
  var sum = overtone_sum(total)
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
  var sum = overtone_sum(total)
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
      best = overtone_largest(next, best)
      i += 16
    }
    largest = overtone_peak(best)
  }
  while i < count { largest = Swift.max(largest, pointer[i]); i += 1 }
  return largest
}

/// Floats from one to what comes half a thousand later where `count` of every `width` are read, row after row.
@inline(__always)
func ahead(of count: Int, width: Int) -> Int { Swift.max(1, 512 / Swift.max(1, count)) &* width }
