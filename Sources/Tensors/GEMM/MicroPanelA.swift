import COpenBLAS

/// The mr rows of A that a micro-kernel multiplies, at a current step along k.
protocol MicroPanelA {
  /// The element of a row, `offset` floats from the current step.
  func element(_ row: Int, _ offset: Int) -> Float
  /// Moves the current step of all rows by so many floats.
  mutating func advance(by floats: Int)
}

/// Rows at equal distances: two pointers and a stride leave registers for all else.
struct StridedPanelA: MicroPanelA {
  private var upper: UnsafePointer<Float>, lower: UnsafePointer<Float>
  private let stride: Int

  @inline(__always)
  init(_ first: UnsafePointer<Float>, stride: Int) {
    (upper, lower, self.stride) = (first, first + 3 &* stride, stride)
  }

  @inline(__always) func element(_ row: Int, _ offset: Int) -> Float {
    row < 3 ? upper[row &* stride &+ offset] : lower[(row &- 3) &* stride &+ offset]
  }
  @inline(__always) mutating func advance(by floats: Int) {
    upper = overtone_opaque_pointer(upper + floats)
    lower = overtone_opaque_pointer(lower + floats)
  }
}

/// Rows with a row stride of 1: the elements of a step are neighbours, as in a packed micro-panel of BLIS.
struct PackedPanelA: MicroPanelA {
  var pointer: UnsafePointer<Float>

  @inline(__always) func element(_ row: Int, _ offset: Int) -> Float { pointer[offset &+ row] }
  @inline(__always) mutating func advance(by floats: Int) { pointer = overtone_opaque_pointer(pointer + floats) }
}

/// Rows at any distance: one pointer for each. Rows beyond the count repeat the first.
struct GatheredPanelA: MicroPanelA {
  private let r0: UnsafePointer<Float>, r1: UnsafePointer<Float>, r2: UnsafePointer<Float>
  private let r3: UnsafePointer<Float>, r4: UnsafePointer<Float>, r5: UnsafePointer<Float>
  private var offset = 0

  /// Row i begins at `row(i)`, if i is below `count`.
  @inline(__always)
  init(_ row: (Int) -> UnsafePointer<Float>, count: Int) {
    r0 = row(0)
    r1 = count > 1 ? row(1) : r0
    r2 = count > 2 ? row(2) : r0
    r3 = count > 3 ? row(3) : r0
    r4 = count > 4 ? row(4) : r0
    r5 = count > 5 ? row(5) : r0
  }

  @inline(__always) func element(_ row: Int, _ more: Int) -> Float {
    switch row {
    case 0: r0[offset &+ more]
    case 1: r1[offset &+ more]
    case 2: r2[offset &+ more]
    case 3: r3[offset &+ more]
    case 4: r4[offset &+ more]
    default: r5[offset &+ more]
    }
  }
  @inline(__always) mutating func advance(by floats: Int) { offset &+= floats }
}
