import COpenBLAS

/// The sums of a micro-tile C [mr, nv] in registers.
struct Accumulators<S: AccumulatorRow> {
  private var c0: S, c1: S, c2: S, c3: S, c4: S, c5: S

  @inline(__always) init(start: S) { (c0, c1, c2, c3, c4, c5) = (start, start, start, start, start, start) }

  /// Adds A B over one segment of a path, by which both advance.
  ///
  /// Strides: A `path.aStep` and B `path.bStep` along k, and `path.vectorStride` between the registers of a row of B.
  /// The usual ones are passed on as literals, which the compiler writes into the instructions.
  @inline(__always)
  mutating func add<A: MicroPanelA>(
    _ path: ReductionPath, _ a: inout A, _ b: inout UnsafePointer<Float>, _ prefetches: inout PrefetchCursor
  ) {
    let isStrided = A.self == StridedPanelA.self, isDense = path.vectorStride == 16
    let isPacked = isStrided && isDense && path.bStep == 16 &* S.vectors
    if isPacked && path.aStep == 1 {
      add(path.length, aStep: 1, bStep: 16 &* S.vectors, vectorStride: 16, &a, &b, &prefetches)
    } else if isPacked && path.aStep == GEMMBlocking.mr {
      add(path.length, aStep: 6, bStep: 16 &* S.vectors, vectorStride: 16, &a, &b, &prefetches)
    } else if A.self == PackedPanelA.self && isDense && path.bStep == 16 &* S.vectors {
      add(path.length, aStep: path.aStep, bStep: 16 &* S.vectors, vectorStride: 16, &a, &b, &prefetches)
    } else if isDense {
      add(path.length, aStep: path.aStep, bStep: path.bStep, vectorStride: 16, &a, &b, &prefetches)
    } else if isStrided && path.aStep == 1 && path.bStep == 16 {
      add(path.length, aStep: 1, bStep: 16, vectorStride: path.vectorStride, &a, &b, &prefetches)
    } else {
      add(path.length, aStep: path.aStep, bStep: path.bStep, vectorStride: path.vectorStride, &a, &b, &prefetches)
    }
  }

  /// The loop along k, by four steps: c[i] += a[i] b.
  ///
  /// B is prefetched eight steps ahead, from the second-level cache, and what comes from further away is spread over the
  /// loop (see `PrefetchCursor`). Anything more in this loop would cost registers.
  @inline(__always)
  private mutating func add<A: MicroPanelA>(
    _ steps: Int, aStep: Int, bStep: Int, vectorStride: Int, _ a: inout A, _ b: inout UnsafePointer<Float>,
    _ prefetches: inout PrefetchCursor
  ) {
    var left = steps, next = steps, region = b
    while left > 3 {
      if left <= next {
        region = prefetches.advance(S.self)
        next = next &- prefetches.interval
      }
      for step in 0..<4 {
        add(a, step &* aStep, S(b + step &* bStep, stride: vectorStride))
        S.prefetch(b + (8 &+ step) &* bStep, stride: vectorStride)
      }
      if A.self == StridedPanelA.self {
        overtone_prefetch_l2(region)
        overtone_prefetch_l2(region + 16)
        region = overtone_opaque_pointer(region + 32)
      }
      a.advance(by: 4 &* aStep)
      b = overtone_opaque_pointer(b + 4 &* bStep)
      left &-= 4
    }
    while left > 0 {
      add(a, 0, S(b, stride: vectorStride))
      a.advance(by: aStep)
      b = overtone_opaque_pointer(b + bStep)
      left &-= 1
    }
  }

  /// One rank-1 update: the outer product of a column of A and a row of B.
  @inline(__always) private mutating func add<A: MicroPanelA>(_ a: A, _ offset: Int, _ b: S) {
    c0.addProduct(a.element(0, offset), b)
    c1.addProduct(a.element(1, offset), b)
    c2.addProduct(a.element(2, offset), b)
    c3.addProduct(a.element(3, offset), b)
    c4.addProduct(a.element(4, offset), b)
    c5.addProduct(a.element(5, offset), b)
  }

  @inline(__always) func store(_ output: OutputTile) {
    output.store(0, c0)
    output.store(1, c1)
    output.store(2, c2)
    output.store(3, c3)
    output.store(4, c4)
    output.store(5, c5)
  }
}

/// The memory of a whole micro-tile of C.
struct OutputTile {
  let pointer: UnsafeMutablePointer<Float>
  /// From one row to the next, there and in the addend.
  let stride: Int
  /// Added to the sums as they are stored; C itself where a product is accumulated.
  var addend: UnsafePointer<Float>?

  @inline(__always) fileprivate func store<S: AccumulatorRow>(_ row: Int, _ sums: S) {
    var sums = sums
    if let addend { sums.add(addend + row &* stride) }
    sums.store(pointer + row &* stride)
  }
}
