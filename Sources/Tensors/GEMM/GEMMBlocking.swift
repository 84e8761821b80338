import COpenBLAS

/// Sizes of the blocks that a product C [m, n] += A [m, k] B [k, n] is cut into, named as in BLIS (Van Zee and van de
/// Geijn 2015, ACM TOMS 41(3), section 3).
///
/// They are computed properties, so that each use is a literal for the compiler.
enum GEMMBlocking {
  /// Rows of C in a micro-tile.
  @inline(__always) static var mr: Int { 6 }
  /// Columns of C in a micro-tile, and of B in a micro-panel: four registers of sixteen floats.
  @inline(__always) static var nr: Int { 64 }
  /// The most rows of B that one pass over a block of C multiplies by.
  @inline(__always) static var kc: Int { 512 }
  /// The most columns of B that are packed together.
  @inline(__always) static var nc: Int { 1024 }
  /// The most floats of B that are packed together: two megabytes.
  @inline(__always) static var packedCount: Int { 1 << 19 }
}

/// The most registers of a row of a micro-tile: 4 with AVX-512, 1 with AVX2, 0 where micro-tiles would spill.
let vectorsPerTile = Int(OVERTONE_TILE_VECTORS)

/// True if products are computed by the micro-kernels of this package; if not, by the BLAS library.
let usesMicroKernels = vectorsPerTile > 0
