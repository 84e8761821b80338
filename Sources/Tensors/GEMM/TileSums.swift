import COpenBLAS

/// The sums of a tile while they are made: six strips.
struct TileSums<S: Strip> {
  private var s0: S, s1: S, s2: S, s3: S, s4: S, s5: S

  @inline(__always) init(start: S) { (s0, s1, s2, s3, s4, s5) = (start, start, start, start, start, start) }

  /// Adds rows times strips over one segment of a path, both of which go on by it.
  @inline(__always)
  mutating func add<R: TileRows>(
    _ path: TilePath, _ rows: inout R, _ right: inout UnsafePointer<Float>, _ needs: inout TileNeeds
  ) {
    // The compiler knows the usual distances then, and writes them into the instructions.
    let isEven = R.self == EvenRows.self, isDense = path.apart == 16
    let isUsual = isEven && isDense && path.right == 16 &* S.lanes
    if isUsual && path.left == 1 {
      add(path.length, left: 1, right: 16 &* S.lanes, apart: 16, &rows, &right, &needs)
    } else if isUsual && path.left == GEMMBlocking.mr {
      add(path.length, left: 6, right: 16 &* S.lanes, apart: 16, &rows, &right, &needs)
    } else if R.self == AdjacentRows.self && isDense && path.right == 16 &* S.lanes {
      add(path.length, left: path.left, right: 16 &* S.lanes, apart: 16, &rows, &right, &needs)
    } else if isDense {
      add(path.length, left: path.left, right: path.right, apart: 16, &rows, &right, &needs)
    } else if isEven && path.left == 1 && path.right == 16 {
      add(path.length, left: 1, right: 16, apart: path.apart, &rows, &right, &needs)
    } else {
      add(path.length, left: path.left, right: path.right, apart: path.apart, &rows, &right, &needs)
    }
  }

  /// The loop does little else, since whatever is added to it costs registers. It goes by four steps, and asks for the
  /// right side eight steps ahead, which comes from the second-level cache, and for what comes from further away now and
  /// then: all at once that would take the places where lines arrive, and the loop would wait.
  @inline(__always)
  private mutating func add<R: TileRows>(
    _ steps: Int, left leftStep: Int, right rightStep: Int, apart: Int, _ rows: inout R,
    _ right: inout UnsafePointer<Float>, _ needs: inout TileNeeds
  ) {
    var left = steps, next = steps, far = right
    while left > 3 {
      if left <= next {
        far = needs.ask(S.self)
        next = next &- needs.steps
      }
      for step in 0..<4 {
        add(rows, step &* leftStep, S(right + step &* rightStep, apart: apart))
        S.expect(right + (8 &+ step) &* rightStep, apart: apart)
      }
      if R.self == EvenRows.self {
        overtone_prefetch_l2(far)
        overtone_prefetch_l2(far + 16)
        far = overtone_opaque_pointer(far + 32)
      }
      rows.move(4 &* leftStep)
      right = overtone_opaque_pointer(right + 4 &* rightStep)
      left &-= 4
    }
    while left > 0 {
      add(rows, 0, S(right, apart: apart))
      rows.move(leftStep)
      right = overtone_opaque_pointer(right + rightStep)
      left &-= 1
    }
  }

  @inline(__always) private mutating func add<R: TileRows>(_ rows: R, _ at: Int, _ strip: S) {
    s0.add(rows.number(0, at), strip)
    s1.add(rows.number(1, at), strip)
    s2.add(rows.number(2, at), strip)
    s3.add(rows.number(3, at), strip)
    s4.add(rows.number(4, at), strip)
    s5.add(rows.number(5, at), strip)
  }

  @inline(__always) func store(_ place: TilePlace) {
    place.store(0, s0)
    place.store(1, s1)
    place.store(2, s2)
    place.store(3, s3)
    place.store(4, s4)
    place.store(5, s5)
  }
}

/// Where the sums of a whole tile are laid down, and what is added to them on the way.
struct TilePlace {
  let pointer: UnsafeMutablePointer<Float>
  /// From one row to the next, there and in what is added.
  let stride: Int
  var added: UnsafePointer<Float>?

  @inline(__always) fileprivate func store<S: Strip>(_ row: Int, _ strip: S) {
    var strip = strip
    if let added { strip.join(added + row &* stride) }
    strip.store(pointer + row &* stride)
  }
}
