import COpenBLAS

/// Six rows of the left side of a product, wherever they lie. A row that is not there repeats another.
struct TileRows {
  static let count = 6
  var r0: UnsafePointer<Float>, r1: UnsafePointer<Float>, r2: UnsafePointer<Float>
  var r3: UnsafePointer<Float>, r4: UnsafePointer<Float>, r5: UnsafePointer<Float>

  /// Rows `stride` apart, `count` of them real.
  @inline(__always)
  init(_ first: UnsafePointer<Float>, stride: Int, count: Int) {
    r0 = first
    r1 = count > 1 ? first + stride : first
    r2 = count > 2 ? first + 2 &* stride : first
    r3 = count > 3 ? first + 3 &* stride : first
    r4 = count > 4 ? first + 4 &* stride : first
    r5 = count > 5 ? first + 5 &* stride : first
  }

  /// Row i is that at `place(i)`.
  @inline(__always)
  init(_ place: (Int) -> UnsafePointer<Float>, count: Int) {
    r0 = place(0)
    r1 = count > 1 ? place(1) : r0
    r2 = count > 2 ? place(2) : r0
    r3 = count > 3 ? place(3) : r0
    r4 = count > 4 ? place(4) : r0
    r5 = count > 5 ? place(5) : r0
  }
}

/// What is multiplied over: `length` steps, `segments` times.
///
/// The left side moves by `left` each step and `leftJump` from one segment's start to the next, the right by `right`
/// and `rightJump`. A plain product has one segment; a convolution has one for each line of its kernel.
struct TilePath {
  var length: Int, left: Int, right: Int
  var segments = 1, leftJump = 0, rightJump = 0
}

/// Where a tile goes: `rows` of its six and `columns` of its lanes are real.
struct TileTarget {
  var pointer: UnsafeMutablePointer<Float>
  /// From one row of the tile to the next, and from one lane to the next.
  var stride: Int
  var isTransposed = false
  var rows: Int, columns: Int
  var scale: Float = 1
  /// Whether what is there already is added.
  var adds = false
  /// Added by column; by row of the tile where the target is transposed.
  var bias: UnsafePointer<Float>?
  /// Room for one tile, `TileTarget.scratchCount` floats.
  var scratch: UnsafeMutablePointer<Float>

  static let scratchCount = TileRows.count * 64
}

/// sums [6, 16 lanes] = start + left [6, path] * right [path, 16 lanes]: the only place where numbers are multiplied in
/// earnest. The start's rows are `startStride` apart: 0 where all begin with the same, a bias or zeros.
///
/// Six rows of four registers leave eight for the right side and the broadcast left one: 24 sums hide the latency of
/// the multiply-add, and ten loads feed 24 of them (measured: 285 GFLOP/s on one Zen 5 core, 146 of 150 on a Xeon's). The
/// inner loop does nothing else, since whatever is added to it costs registers; it goes by two steps, and asks for the
/// right side eight steps ahead: that comes from the second-level cache. With registers of eight floats (AVX2)
/// tiles are one lane wide: twelve sums, two registers for the right side and one for the left fill the sixteen there are.
@inline(never)
private func multiply<S: Strip>(
  _ rows: TileRows, _ right: UnsafePointer<Float>, _ path: TilePath, from start: UnsafePointer<Float>, startStride: Int,
  into sums: UnsafeMutablePointer<Float>, stride: Int, _: S.Type
) {
  var s0 = S(start), s1 = S(start + startStride), s2 = S(start + 2 &* startStride), s3 = S(start + 3 &* startStride)
  var s4 = S(start + 4 &* startStride), s5 = S(start + 5 &* startStride)
  let (a0, a1, a2, a3, a4, a5) = (rows.r0, rows.r1, rows.r2, rows.r3, rows.r4, rows.r5)
  let (leftStep, rightStep) = (path.left, path.right)
  for segment in 0..<path.segments {
    var b = right + segment &* path.rightJump, p = segment &* path.leftJump, left = path.length
    @inline(__always) func step() {
      let strip = S(b)
      S.expect(b + 8 &* rightStep)
      s0.add(a0[p], strip)
      s1.add(a1[p], strip)
      s2.add(a2[p], strip)
      s3.add(a3[p], strip)
      s4.add(a4[p], strip)
      s5.add(a5[p], strip)
      b += rightStep
      p &+= leftStep
    }
    while left > 1 {
      step()
      step()
      left &-= 2
    }
    if left == 1 { step() }
  }
  s0.store(sums)
  s1.store(sums + stride)
  s2.store(sums + 2 &* stride)
  s3.store(sums + 3 &* stride)
  s4.store(sums + 4 &* stride)
  s5.store(sums + 5 &* stride)
}

/// Zeros to begin sums with; nobody writes to them.
nonisolated(unsafe) private let zeros: UnsafePointer<Float> = {
  let made = UnsafeMutablePointer<Float>.allocate(capacity: 64)
  made.initialize(repeating: 0, count: 64)
  return UnsafePointer(made)
}()

/// The same for 1 to 4 lanes, brought to where it belongs.
@inline(__always)
func tile(
  lanes: Int, _ rows: TileRows, _ right: UnsafePointer<Float>, _ path: TilePath, _ target: TileTarget
) {
  @inline(__always)
  func sums(
    from start: UnsafePointer<Float>, _ startStride: Int, into pointer: UnsafeMutablePointer<Float>, _ stride: Int
  ) {
    guard tileLanes > 1 else {
      for at in Swift.stride(from: 0, to: 16 &* lanes, by: 16) {
        multiply(
          rows, right + at, path, from: start + at, startStride: startStride, into: pointer + at, stride: stride,
          OneLane.self)
      }
      return
    }
    switch lanes {
    case 1:
      multiply(
        rows, right, path, from: start, startStride: startStride, into: pointer, stride: stride, OneLane.self)
    case 2:
      multiply(
        rows, right, path, from: start, startStride: startStride, into: pointer, stride: stride, TwoLanes.self)
    case 3:
      multiply(
        rows, right, path, from: start, startStride: startStride, into: pointer, stride: stride, ThreeLanes.self)
    default:
      multiply(
        rows, right, path, from: start, startStride: startStride, into: pointer, stride: stride, FourLanes.self)
    }
  }
  target.expect()
  if target.isWhole && target.columns == 16 &* lanes {
    let start = target.adds ? UnsafePointer(target.pointer) : target.bias ?? zeros
    sums(from: start, target.adds ? target.stride : 0, into: target.pointer, target.stride)
  } else {
    sums(from: zeros, 0, into: target.scratch, 16 &* lanes)
    target.take(target.scratch, width: 16 &* lanes)
  }
}

extension TileTarget {
  /// Whether sums can begin with what is there and be stored as they come.
  @inline(__always)
  var isWhole: Bool { !isTransposed && rows == TileRows.count && scale == 1 && (bias == nil || !adds) }

  /// Asks for the memory that sums will be stored to, while they are being made.
  @inline(__always)
  func expect() {
    guard !isTransposed else { return }
    for row in 0..<rows {
      var column = 0
      while column < columns {
        overtone_prefetch_to_write(pointer + (row &* stride &+ column))
        column &+= 16
      }
    }
  }

  /// Scales, adds and lays down sums [6, width].
  @inline(never)
  func take(_ sums: UnsafePointer<Float>, width: Int) {
    if isTransposed { return takeTurned(sums, width: width) }
    for row in 0..<rows {
      let from = sums + row &* width, to = pointer + row &* stride
      var i = 0
      while i &+ 16 <= columns {
        var value = from[lanes: i] * scale
        if let bias { value += bias[lanes: i] }
        if adds { value += to[lanes: i] }
        to[lanes: i] = value
        i &+= 16
      }
      while i < columns {
        var value = from[i] * scale
        if let bias { value += bias[i] }
        to[i] = adds ? to[i] + value : value
        i &+= 1
      }
    }
  }

  private func takeTurned(_ sums: UnsafePointer<Float>, width: Int) {
    for column in 0..<columns {
      let to = pointer + column &* stride, from = sums + column
      for row in 0..<rows {
        var value = from[row &* width] * scale
        if let bias { value += bias[row] }
        to[row] = adds ? to[row] + value : value
      }
    }
  }
}
