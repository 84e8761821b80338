/// Sizes of the blocks that a matrix product C += A B [m, k] [k, n] is cut into, named as in BLIS
/// (Van Zee and van de Geijn 2015, ACM TOMS 41(3), section 3).
///
/// They are computed properties so that each use is a literal for the compiler.
enum GEMMBlocking {
  /// Rows of C in a micro-tile: six rows of four registers leave eight of 32 for B and a broadcast element of A.
  @inline(__always) static var mr: Int { 6 }
  /// Columns of C in a micro-tile, and of a micro-panel of B: four registers of sixteen floats.
  @inline(__always) static var nr: Int { 64 }
}
