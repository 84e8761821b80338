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
