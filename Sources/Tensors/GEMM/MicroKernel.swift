import COpenBLAS

/// The sum over k of a micro-kernel: `length` steps, `segments` times.
///
/// A product has one segment; a convolution has one for each row of its kernel, since the pixels under a window lie in
/// rows of the image. Strides are in floats.
struct ReductionPath {
  /// Steps of a segment.
  var length: Int
  /// From one step to the next in A and in B.
  var aStep: Int, bStep: Int
  /// Segments, and from the start of one to the start of the next in A and in B.
  var segments = 1, aSegmentStride = 0, bSegmentStride = 0
  /// From one register of a row of B to the next: 16 where they lie side by side.
  var vectorStride = vectorWidth
  /// Memory that later micro-tiles read; nil: what follows the micro-panel of B.
  var prefetch: PrefetchRegion?

  /// Six ranges of memory, the first at `start`, `stride` floats from one to the next.
  struct PrefetchRegion { let start: UnsafePointer<Float>, stride: Int }
}

/// C [mr, nv] = start [nv] + A [mr, path] B [path, nv] + addend [mr, nv], with nv = 16 times the registers of a row
/// `S`: the innermost loop of every product.
///
/// With AVX-512, 6 x 4 accumulators leave eight of 32 registers for a row of B and a broadcast element of A: 24 sums
/// hide the latency of the multiply-add, and ten loads feed 24 of them. With AVX2, where two registers of eight floats
/// stand for a vector, micro-tiles are one vector wide: twelve accumulators, two registers for B and one for A fill the
/// sixteen there are.
@inline(never)
private func multiply<A: MicroPanelA, S: AccumulatorRow>(
  _ a: A, _ b: UnsafePointer<Float>, _ path: ReductionPath, from start: UnsafePointer<Float>, into output: OutputTile,
  _: S.Type
) {
  // Strides: A has a row stride of its type (see `MicroPanelA`) and `path.aStep` along k; B `path.bStep` along k and
  // `path.vectorStride` between registers; C `output.stride` between rows and 1 between columns.
  var prefetches = PrefetchCursor(output, path, b: b)
  var accumulators = Accumulators(start: S(start)), a = a, b = b, segments = path.segments
  repeat {
    accumulators.add(path, &a, &b, &prefetches)
    a.advance(by: path.aSegmentStride &- path.length &* path.aStep)
    b += path.bSegmentStride &- path.length &* path.bStep
    segments &-= 1
  } while segments > 0
  accumulators.store(output)
}

/// Zeros that accumulators start from; never written to.
nonisolated(unsafe) private let zeros: UnsafePointer<Float> = {
  let zeros = UnsafeMutablePointer<Float>.allocate(capacity: GEMMBlocking.nr)
  zeros.initialize(repeating: 0, count: GEMMBlocking.nr)
  return UnsafePointer(zeros)
}()

/// Chooses the micro-kernel of 1 to 4 registers in a row.
@inline(__always)
private func multiply<A: MicroPanelA>(
  vectors: Int, _ a: A, _ b: UnsafePointer<Float>, _ path: ReductionPath, from start: UnsafePointer<Float>,
  into output: OutputTile
) {
  guard vectorsPerTile > 1 else {
    for at in Swift.stride(from: 0, to: vectorWidth &* vectors, by: vectorWidth) {
      multiply(
        a, b + at / vectorWidth &* path.vectorStride, path, from: start + at,
        into: OutputTile(pointer: output.pointer + at, stride: output.stride, addend: output.addend.map { $0 + at }),
        OneVector.self)
    }
    return
  }
  switch vectors {
  case 1: multiply(a, b, path, from: start, into: output, OneVector.self)
  case 2: multiply(a, b, path, from: start, into: output, TwoVectors.self)
  case 3: multiply(a, b, path, from: start, into: output, ThreeVectors.self)
  default: multiply(a, b, path, from: start, into: output, FourVectors.self)
  }
}

/// Computes one micro-tile: target [rows, columns] = A [mr, path] B [path, 16 vectors], with the target's epilogue.
///
/// A whole micro-tile is written from the registers; a partial or transposed one goes through the target's scratch.
@inline(__always)
func microKernel<A: MicroPanelA>(
  vectors: Int, _ a: A, _ b: UnsafePointer<Float>, _ path: ReductionPath, _ target: TileTarget
) {
  if target.isWhole && target.columns == vectorWidth &* vectors {
    multiply(
      vectors: vectors, a, b, path, from: target.bias ?? zeros,
      into: OutputTile(pointer: target.pointer, stride: target.stride, addend: target.addend))
  } else {
    multiply(
      vectors: vectors, a, b, path, from: zeros,
      into: OutputTile(pointer: target.scratch, stride: vectorWidth &* vectors, addend: nil))
    target.store(target.scratch, width: vectorWidth &* vectors)
  }
}

/// Computes one micro-tile from `target.rows` rows of A, `stride` floats from one to the next.
@inline(__always)
func microKernel(
  vectors: Int, _ a: UnsafePointer<Float>, stride: Int, _ b: UnsafePointer<Float>, _ path: ReductionPath,
  _ target: TileTarget
) {
  if target.rows == GEMMBlocking.mr {
    microKernel(vectors: vectors, StridedPanelA(a, stride: stride), b, path, target)
  } else {
    microKernel(vectors: vectors, GatheredPanelA({ a + $0 &* stride }, count: target.rows), b, path, target)
  }
}

/// Computes the micro-tiles of one micro-panel of B, one below the other: target [rows, columns] (BLIS: the loop over
/// ir).
///
/// The last micro-tile may have fewer than mr rows.
func macroKernel(
  vectors: Int, rows: Int, _ a: PanelLayout, _ b: UnsafePointer<Float>, _ path: ReductionPath, _ target: TileTarget,
  _ prefetches: PrefetchPlan
) {
  // Strides: A `a.rowStride` between rows of a micro-panel and `a.panelStride` between micro-panels; the target moves
  // by mr rows from one micro-tile to the next.
  var (target, panel, row, path) = (target, a.start, 0, path)
  target.rows = GEMMBlocking.mr
  if target.isWhole && target.columns == vectorWidth &* vectors {
    let start = target.bias ?? zeros
    while row &+ GEMMBlocking.mr <= rows {
      path.prefetch = prefetches.region(
        at: row, next: panel + a.panelStride, stride: a.rowStride, length: path.length)
      multiply(
        vectors: vectors, StridedPanelA(panel, stride: a.rowStride), b, path, from: start,
        into: OutputTile(pointer: target.pointer, stride: target.stride, addend: target.addend))
      panel += a.panelStride
      target.advance(by: GEMMBlocking.mr &* target.stride)
      row &+= GEMMBlocking.mr
    }
  }
  while row < rows {
    target.rows = Swift.min(GEMMBlocking.mr, rows &- row)
    microKernel(vectors: vectors, panel, stride: a.rowStride, b, path, target)
    panel += a.panelStride
    target.advance(by: target.isTransposed ? GEMMBlocking.mr : GEMMBlocking.mr &* target.stride)
    if target.isTransposed, let bias = target.bias { target.bias = bias + GEMMBlocking.mr }
    row &+= GEMMBlocking.mr
  }
}
