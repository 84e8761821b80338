import COpenBLAS
import Glibc

/// The matrix products of a CBLAS library that is loaded when first needed.
///
/// OpenBLAS chooses its kernels in its constructor. Debian 12's 0.3.21 does not know newer processors and falls back to
/// kernels of 2004, six times slower; naming better ones only works before the library is loaded. So nothing is linked:
/// the right kernels are named first, then the library is opened.
public struct BLAS: Sendable {
  typealias Multiply =
    @convention(c) (
      CBLAS_ORDER, CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, Int32, Int32, Int32, Float, UnsafePointer<Float>?, Int32,
      UnsafePointer<Float>?, Int32, Float, UnsafeMutablePointer<Float>?, Int32
    ) -> Void

  /// What was opened: "libopenblas.so.0".
  public let library: String
  /// The kernels in use, "SkylakeX"; nil if the library does not say.
  public let kernel: String?
  /// The library's own account of how it was built; nil if it has none.
  public let configuration: String?
  let multiply: Multiply

  /// The one in use, opened at first use.
  public static let loaded: BLAS = {
    do { return try open(named: nil) } catch { preconditionFailure("\(error)") }
  }()

  /// Why no BLAS could be loaded.
  public struct Missing: Error, CustomStringConvertible { public let description: String }

  /// Whether the kernels are those that OpenBLAS takes when it does not know the processor.
  public var isFallback: Bool {
    ["prescott", "generic", "katmai", "coppermine", "northwood", "banias", "core2", "nehalem"]
      .contains(kernel?.lowercased() ?? "") && overtone_vector_level() > 0
  }

  /// Opens a library by name, or OpenBLAS where none is named.
  static func open(named name: String?) throws(Missing) -> BLAS {
    if name == nil, getenv("OPENBLAS_CORETYPE") == nil {
      switch overtone_vector_level() {
      case 2: setenv("OPENBLAS_CORETYPE", "SkylakeX", 1)
      case 1: setenv("OPENBLAS_CORETYPE", "Haswell", 1)
      default: break
      }
    }
    // Threads are ours (ThreadPool); theirs would spin beside them.
    setenv("OPENBLAS_NUM_THREADS", "1", 1)
    let candidates = name.map { [$0] } ?? ["libopenblas.so.0", "libopenblas.so", "libblas.so.3"]
    for candidate in candidates {
      guard let handle = dlopen(candidate, RTLD_NOW | RTLD_LOCAL), let symbol = dlsym(handle, "cblas_sgemm") else {
        continue
      }
      func text(_ function: String) -> String? {
        typealias Text = @convention(c) () -> UnsafePointer<CChar>?
        return dlsym(handle, function).flatMap { unsafeBitCast($0, to: Text.self)() }.map { String(cString: $0) }
      }
      return BLAS(
        library: candidate, kernel: text("openblas_get_corename"), configuration: text("openblas_get_config"),
        multiply: unsafeBitCast(symbol, to: Multiply.self))
    }
    throw Missing(
      description: "no BLAS library could be loaded (tried \(candidates.joined(separator: ", "))); "
        + "install OpenBLAS, on Debian with `apt-get install libopenblas-dev`")
  }
}

/// A matrix in memory: rows of `stride` floats, read across or (transposed) down.
struct Matrix {
  var pointer: UnsafePointer<Float>, stride: Int, transposed = false
}

/// target [rows, columns] = scale * left [rows, inner] * right [inner, columns] + keep * target, on this thread.
@inline(__always)
func serialProduct(
  _ rows: Int, _ columns: Int, _ inner: Int, _ left: Matrix, _ right: Matrix, into target: UnsafeMutablePointer<Float>,
  stride: Int, scale: Float = 1, keep: Float = 0, by multiply: BLAS.Multiply = BLAS.loaded.multiply
) {
  multiply(
    CblasRowMajor, left.transposed ? CblasTrans : CblasNoTrans, right.transposed ? CblasTrans : CblasNoTrans,
    Int32(rows), Int32(columns), Int32(inner), scale, left.pointer, Int32(left.stride), right.pointer,
    Int32(right.stride), keep, target, Int32(stride))
}

/// The same on all threads: the longer side of the target is cut into one strip a thread.
func parallelProduct(
  _ rows: Int, _ columns: Int, _ inner: Int, _ left: Matrix, _ right: Matrix, into target: UnsafeMutablePointer<Float>,
  stride: Int, scale: Float = 1, keep: Float = 0
) {
  let multiply = BLAS.loaded.multiply
  if rows >= columns {
    parallel(rows, cost: 2 * columns * inner / 16) { range in
      var left = left
      left.pointer += range.lowerBound * (left.transposed ? 1 : left.stride)
      serialProduct(
        range.count, columns, inner, left, right, into: target + range.lowerBound * stride, stride: stride,
        scale: scale, keep: keep, by: multiply)
    }
  } else {
    parallel(columns, cost: 2 * rows * inner / 16) { range in
      var right = right
      right.pointer += range.lowerBound * (right.transposed ? right.stride : 1)
      serialProduct(
        rows, range.count, inner, left, right, into: target + range.lowerBound, stride: stride, scale: scale,
        keep: keep, by: multiply)
    }
  }
}
