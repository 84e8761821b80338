import COpenBLAS

/// The sums of a micro-tile C [mr, nv] in registers.
struct Accumulators<S: AccumulatorRow> {
  private var c0: S, c1: S, c2: S, c3: S, c4: S, c5: S

  /// Starts all rows from the same values: zeros, or the bias.
  @inline(__always) init(start: S) { (c0, c1, c2, c3, c4, c5) = (start, start, start, start, start, start) }

  /// Adds A B over one segment of a path, by which both advance.
  ///
  /// Strides: A `path.aStep` and B `path.bStep` along k, and `path.vectorStride` between the registers of a row of B.
  /// The usual ones are passed on as literals, which the compiler writes into the instructions.
  @inline(__always)
  mutating func add<A: MicroPanelA>(
    _ path: ReductionPath, _ a: inout A, _ b: inout UnsafePointer<Float>, _ prefetches: inout PrefetchCursor
  ) {
    let isStrided = A.self == StridedPanelA.self, isDense = path.vectorStride == vectorWidth,
      width = vectorWidth &* S.vectors
    let isPacked = isStrided && isDense && path.bStep == width
    var steps = Steps(count: path.length, a: path.aStep, b: path.bStep, vector: path.vectorStride)
    if isPacked && path.aStep == 1 {
      (steps.a, steps.b, steps.vector) = (1, width, vectorWidth)
      add(steps, &a, &b, &prefetches)
    } else if isPacked && path.aStep == GEMMBlocking.mr {
      (steps.a, steps.b, steps.vector) = (GEMMBlocking.mr, width, vectorWidth)
      add(steps, &a, &b, &prefetches)
    } else if A.self == PackedPanelA.self && isDense && path.bStep == width {
      (steps.b, steps.vector) = (width, vectorWidth)
      add(steps, &a, &b, &prefetches)
    } else if isDense {
      steps.vector = vectorWidth
      add(steps, &a, &b, &prefetches)
    } else if isStrided && path.aStep == 1 && path.bStep == vectorWidth {
      (steps.a, steps.b) = (1, vectorWidth)
      add(steps, &a, &b, &prefetches)
    } else {
      add(steps, &a, &b, &prefetches)
    }
  }

  /// Steps along k, and the strides of one: in A, in B, and between the registers of a row of B.
  private struct Steps { var count: Int, a: Int, b: Int, vector: Int }

  /// Runs the loop along k, by four steps: c[i] += a[i] b.
  ///
  /// B is prefetched eight steps ahead, from the second-level cache, and what comes from further away is spread over
  /// the loop (see `PrefetchCursor`). Anything more in this loop would cost registers.
  @inline(__always)
  private mutating func add<A: MicroPanelA>(
    _ steps: Steps, _ a: inout A, _ b: inout UnsafePointer<Float>, _ prefetches: inout PrefetchCursor
  ) {
    var left = steps.count, next = steps.count, region = b
    while left > 3 {
      if left <= next {
        region = prefetches.advance(S.self)
        next = next &- prefetches.interval
      }
      for step in 0..<4 {
        add(a, step &* steps.a, S(b + step &* steps.b, stride: steps.vector))
        S.prefetch(b + (8 &+ step) &* steps.b, stride: steps.vector)
      }
      if A.self == StridedPanelA.self {
        overtone_prefetch_l2(region)
        overtone_prefetch_l2(region + 16)
        region = overtone_opaque_pointer(region + 32)
      }
      a.advance(by: 4 &* steps.a)
      b = overtone_opaque_pointer(b + 4 &* steps.b)
      left &-= 4
    }
    while left > 0 {
      add(a, 0, S(b, stride: steps.vector))
      a.advance(by: steps.a)
      b = overtone_opaque_pointer(b + steps.b)
      left &-= 1
    }
  }

  /// Adds the outer product of a column of A and a row of B.
  @inline(__always) private mutating func add<A: MicroPanelA>(_ a: A, _ offset: Int, _ b: S) {
    c0.addProduct(a.element(0, offset), b)
    c1.addProduct(a.element(1, offset), b)
    c2.addProduct(a.element(2, offset), b)
    c3.addProduct(a.element(3, offset), b)
    c4.addProduct(a.element(4, offset), b)
    c5.addProduct(a.element(5, offset), b)
  }

  /// Writes the sums, plus the addend, to memory.
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
