import COpenBLAS

/// What is multiplied over: `length` steps, `segments` times.
///
/// The left side moves by `left` each step and `leftJump` from one segment's start to the next, the right by `right`
/// and `rightJump`. A plain product has one segment; a convolution has one for each line of its kernel.
struct TilePath {
  var length: Int, left: Int, right: Int
  var segments = 1, leftJump = 0, rightJump = 0
  /// From one lane of the right side to the next.
  var apart = 16
  /// What later tiles read, where that is known.
  var ahead: Ahead?

  /// Six stretches, so far apart.
  struct Ahead { let first: UnsafePointer<Float>, apart: Int }
}

/// sums [6, 16 lanes] = start [16 lanes] + left [6, path] * right [path, 16 lanes], and what is added: the only place where
/// numbers are multiplied in earnest.
///
/// Six rows of four registers leave eight for the right side and the broadcast left one: 24 sums hide the latency of
/// the multiply-add, and ten loads feed 24 of them (measured: 285 GFLOP/s on one Zen 5 core, one flat loop then). With
/// registers of eight floats (AVX2) tiles are one lane wide: twelve sums, two registers for the right side and one for
/// the left fill the sixteen there are.
@inline(never)
private func multiply<R: TileRows, S: Strip>(
  _ rows: R, _ right: UnsafePointer<Float>, _ path: TilePath, from start: UnsafePointer<Float>,
  into sums: UnsafeMutablePointer<Float>, stride: Int, added: UnsafePointer<Float>?, _: S.Type
) {
  let place = TilePlace(pointer: sums, stride: stride, added: added)
  var needs = TileNeeds(place, path, right: right)
  var all = TileSums(start: S(start)), rows = rows, b = right, segments = path.segments
  repeat {
    all.add(path, &rows, &b, &needs)
    rows.move(path.leftJump &- path.length &* path.left)
    b += path.rightJump &- path.length &* path.right
    segments &-= 1
  } while segments > 0
  all.store(place)
}

/// Zeros to begin sums with; nobody writes to them.
nonisolated(unsafe) private let zeros: UnsafePointer<Float> = {
  let made = UnsafeMutablePointer<Float>.allocate(capacity: 64)
  made.initialize(repeating: 0, count: 64)
  return UnsafePointer(made)
}()

/// The same for 1 to 4 lanes.
@inline(__always)
private func multiply<R: TileRows>(
  lanes: Int, _ rows: R, _ right: UnsafePointer<Float>, _ path: TilePath, from start: UnsafePointer<Float>,
  into to: UnsafeMutablePointer<Float>, stride: Int, added: UnsafePointer<Float>?
) {
  guard vectorsPerTile > 1 else {
    for at in Swift.stride(from: 0, to: 16 &* lanes, by: 16) {
      multiply(
        rows, right + at / 16 &* path.apart, path, from: start + at, into: to + at, stride: stride,
        added: added.map { $0 + at }, OneLane.self)
    }
    return
  }
  switch lanes {
  case 1: multiply(rows, right, path, from: start, into: to, stride: stride, added: added, OneLane.self)
  case 2: multiply(rows, right, path, from: start, into: to, stride: stride, added: added, TwoLanes.self)
  case 3: multiply(rows, right, path, from: start, into: to, stride: stride, added: added, ThreeLanes.self)
  default: multiply(rows, right, path, from: start, into: to, stride: stride, added: added, FourLanes.self)
  }
}

/// The same, brought to where it belongs.
@inline(__always)
func tile<R: TileRows>(
  lanes: Int, _ rows: R, _ right: UnsafePointer<Float>, _ path: TilePath, _ target: TileTarget
) {
  if target.isWhole && target.columns == 16 &* lanes {
    multiply(
      lanes: lanes, rows, right, path, from: target.bias ?? zeros, into: target.pointer, stride: target.stride,
      added: target.added)
  } else {
    multiply(
      lanes: lanes, rows, right, path, from: zeros, into: target.scratch, stride: 16 &* lanes, added: nil)
    target.take(target.scratch, width: 16 &* lanes)
  }
}

/// Tiles one below the other, whose rows are `stride` apart, and `next` from one tile to the next. The last may have fewer
/// rows than six: `rows` in all.
func tilesDown(
  lanes: Int, rows: Int, _ first: UnsafePointer<Float>, stride: Int, next: Int, _ right: UnsafePointer<Float>,
  _ path: TilePath, _ target: TileTarget, _ lookahead: Lookahead
) {
  var (target, lines, done, path) = (target, first, 0, path)
  target.rows = GEMMBlocking.mr
  if target.isWhole && target.columns == 16 &* lanes {
    let start = target.bias ?? zeros
    while done &+ GEMMBlocking.mr <= rows {
      path.ahead = lookahead.needs(at: done, lines + next, stride: stride, length: path.length)
      multiply(
        lanes: lanes, EvenRows(lines, stride: stride), right, path, from: start, into: target.pointer,
        stride: target.stride, added: target.added)
      lines += next
      target.move(GEMMBlocking.mr &* target.stride)
      done &+= GEMMBlocking.mr
    }
  }
  while done < rows {
    target.rows = Swift.min(GEMMBlocking.mr, rows &- done)
    tile(lanes: lanes, lines, stride: stride, right, path, target)
    lines += next
    target.move(target.isTransposed ? GEMMBlocking.mr : GEMMBlocking.mr &* target.stride)
    if target.isTransposed, let bias = target.bias { target.bias = bias + GEMMBlocking.mr }
    done &+= GEMMBlocking.mr
  }
}

/// The same of rows `stride` apart, as many as the target has.
@inline(__always)
func tile(
  lanes: Int, _ first: UnsafePointer<Float>, stride: Int, _ right: UnsafePointer<Float>, _ path: TilePath,
  _ target: TileTarget
) {
  if target.rows == GEMMBlocking.mr {
    tile(lanes: lanes, EvenRows(first, stride: stride), right, path, target)
  } else {
    tile(lanes: lanes, ScatteredRows({ first + $0 &* stride }, count: target.rows), right, path, target)
  }
}
