/// What is done to rows that are normed.
struct NormParts {
  let isWeighted: Bool, isBiased: Bool, isTold: Bool

  /// Says it to a loop, in constants where it is common: a loop that is inlined asks nothing on its way then.
  @inline(__always)
  func choose(_ loop: (_ isWeighted: Bool, _ isBiased: Bool, _ isTold: Bool) -> Void) {
    switch (isWeighted, isBiased, isTold) {
    case (true, true, false): loop(true, true, false)
    case (true, true, true): loop(true, true, true)
    case (false, false, true): loop(false, false, true)
    default: loop(isWeighted, isBiased, isTold)
    }
  }
}
