/// Which operands a layer norm has.
struct NormVariant {
  let hasWeight: Bool, hasBias: Bool, isModulated: Bool

  /// Calls an inlined loop with these three, as constants for the usual combinations: the compiler then specializes the
  /// loop, which tests nothing inside.
  @inline(__always)
  func specialize(_ loop: (_ hasWeight: Bool, _ hasBias: Bool, _ isModulated: Bool) -> Void) {
    switch (hasWeight, hasBias, isModulated) {
    case (true, true, false): loop(true, true, false)
    case (true, true, true): loop(true, true, true)
    case (false, false, true): loop(false, false, true)
    default: loop(hasWeight, hasBias, isModulated)
    }
  }
}
