import COpenBLAS

/// The prefetches of one micro-tile, spread over its loop along k in six parts, since the line-fill buffers of a core
/// would stall the loop if all were issued at once.
///
/// A part is a row of C, the same row of the addend, and a sixth of a region that later micro-tiles read.
struct PrefetchCursor {
  private var c: UnsafeMutablePointer<Float>, addend: UnsafePointer<Float>?
  private let stride: Int
  private var region: UnsafePointer<Float>
  private let regionStride: Int
  /// Steps along k from one part to the next: a multiple of four.
  let interval: Int

  @inline(__always)
  init(_ output: OutputTile, _ path: ReductionPath, b: UnsafePointer<Float>) {
    c = output.pointer
    stride = output.stride
    addend = output.addend == UnsafePointer(output.pointer) ? nil : output.addend
    (region, regionStride) = path.prefetch.map { ($0.start, $0.stride) } ?? (b, 0)
    interval = Swift.max(4, path.length &* path.segments / (4 &* GEMMBlocking.mr) &* 4)
  }

  /// Prefetches the next row of C and of the addend; returns the next part of the region, which the loop prefetches.
  @inline(__always)
  mutating func advance<S: AccumulatorRow>(_: S.Type) -> UnsafePointer<Float> {
    S.prefetchForWrite(c)
    c += stride
    if let row = addend {
      S.prefetch(row)
      addend = row + stride
    }
    defer { region += regionStride }
    return region
  }
}

/// The memory that the micro-tiles of one micro-panel of B prefetch for those after them, from further away than the
/// second-level cache.
struct PrefetchPlan {
  /// The micro-panel of B that is read next, and its floats.
  let nextPanel: UnsafePointer<Float>, count: Int
  /// True if each micro-tile prefetches the next micro-panel of A instead: A is read for the first time then.
  let prefetchesA: Bool

  /// The region that the micro-tile at row `row` prefetches, whose successor's micro-panel of A begins at `next`.
  @inline(__always)
  func region(at row: Int, next: UnsafePointer<Float>, stride: Int, length: Int) -> ReductionPath.PrefetchRegion {
    if prefetchesA { return ReductionPath.PrefetchRegion(start: next, stride: stride) }
    // Two lines of 16 floats with every four steps.
    let sixth = length / (4 &* GEMMBlocking.mr) &* 32
    return ReductionPath.PrefetchRegion(start: nextPanel + Swift.min(row &* sixth, count), stride: sixth)
  }
}
