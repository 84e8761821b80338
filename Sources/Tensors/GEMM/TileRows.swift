import COpenBLAS

/// Six rows of the left side of a product.
protocol TileRows {
  /// The number of a row so many floats on.
  func number(_ row: Int, _ at: Int) -> Float
  /// Goes on by so many floats in all rows.
  mutating func move(_ floats: Int)
}

/// Rows as far from one another: two pointers and a distance leave registers for all else.
struct EvenRows: TileRows {
  private var upper: UnsafePointer<Float>, lower: UnsafePointer<Float>
  private let stride: Int

  @inline(__always)
  init(_ first: UnsafePointer<Float>, stride: Int) {
    (upper, lower, self.stride) = (first, first + 3 &* stride, stride)
  }

  @inline(__always) func number(_ row: Int, _ at: Int) -> Float {
    row < 3 ? upper[row &* stride &+ at] : lower[(row &- 3) &* stride &+ at]
  }
  @inline(__always) mutating func move(_ floats: Int) {
    upper = overtone_opaque_pointer(upper + floats)
    lower = overtone_opaque_pointer(lower + floats)
  }
}

/// Rows side by side: the numbers of a step are neighbours.
struct AdjacentRows: TileRows {
  var pointer: UnsafePointer<Float>

  @inline(__always) func number(_ row: Int, _ at: Int) -> Float { pointer[at &+ row] }
  @inline(__always) mutating func move(_ floats: Int) { pointer = overtone_opaque_pointer(pointer + floats) }
}

/// Rows wherever they lie. A row that is not there repeats the first.
struct ScatteredRows: TileRows {
  private let r0: UnsafePointer<Float>, r1: UnsafePointer<Float>, r2: UnsafePointer<Float>
  private let r3: UnsafePointer<Float>, r4: UnsafePointer<Float>, r5: UnsafePointer<Float>
  private var at = 0

  /// Row i is that at `place(i)`, if i is below `count`.
  @inline(__always)
  init(_ place: (Int) -> UnsafePointer<Float>, count: Int) {
    r0 = place(0)
    r1 = count > 1 ? place(1) : r0
    r2 = count > 2 ? place(2) : r0
    r3 = count > 3 ? place(3) : r0
    r4 = count > 4 ? place(4) : r0
    r5 = count > 5 ? place(5) : r0
  }

  @inline(__always) func number(_ row: Int, _ more: Int) -> Float {
    switch row {
    case 0: r0[at &+ more]
    case 1: r1[at &+ more]
    case 2: r2[at &+ more]
    case 3: r3[at &+ more]
    case 4: r4[at &+ more]
    default: r5[at &+ more]
    }
  }
  @inline(__always) mutating func move(_ floats: Int) { at &+= floats }
}
