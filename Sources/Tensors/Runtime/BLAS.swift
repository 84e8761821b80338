import COpenBLAS
import Glibc

/// A CBLAS library, opened at first use.
///
/// OpenBLAS chooses its kernels in its constructor. Debian 12's 0.3.21 does not know newer processors and falls back to
/// kernels of 2004, six times slower; naming better ones only works before the library is loaded. So nothing is linked:
/// the right kernels are named first, then the library is opened.
///
/// With AVX2 or AVX-512 products are computed by the micro-kernels of this package, and no library is needed.
public struct BLAS: Sendable {
  typealias Multiply =
    @convention(c) (
      CBLAS_ORDER, CBLAS_TRANSPOSE, CBLAS_TRANSPOSE, Int32, Int32, Int32, Float, UnsafePointer<Float>?, Int32,
      UnsafePointer<Float>?, Int32, Float, UnsafeMutablePointer<Float>?, Int32
    ) -> Void

  /// The file that was opened: "libopenblas.so.0".
  public let library: String
  /// The kernels in use, "SkylakeX"; nil if the library does not say.
  public let kernel: String?
  /// The library's description of its build; nil if it has none.
  public let configuration: String?
  /// The library's `cblas_sgemm`.
  let multiply: Multiply

  /// The error that no library could be opened: one sentence that says how to install one.
  public struct Missing: Error, CustomStringConvertible {
    /// The sentence.
    public let description: String
  }

  private static let opened: Result<BLAS, Missing> = {
    do throws(Missing) { return .success(try open(["libopenblas.so.0", "libopenblas.so", "libblas.so.3"])) } catch {
      return .failure(error)
    }
  }()

  /// Returns the library, which the first call opens; throws `Missing` where none is installed.
  public static func load() throws(Missing) -> BLAS { try opened.get() }

  /// Throws `Missing` where products need a library and none is installed. A program calls it before it computes.
  public static func checkForProducts() throws(Missing) {
    guard !usesMicroKernels, case .failure(let error) = opened else { return }
    throw error
  }

  /// The library for products; a program that computes has called `checkForProducts()` before.
  static var loaded: BLAS {
    switch opened {
    case .success(let library): return library
    case .failure(let error): preconditionFailure(error.description)
    }
  }

  /// True if the kernels are those that OpenBLAS takes when it does not know the processor.
  public var isFallback: Bool {
    ["prescott", "generic", "katmai", "coppermine", "northwood", "banias", "core2", "nehalem"]
      .contains(kernel?.lowercased() ?? "") && overtone_vector_level() > 0
  }

  /// Opens the first of some libraries that has a `cblas_sgemm`.
  package static func open(_ candidates: [String]) throws(Missing) -> BLAS {
    if getenv("OPENBLAS_CORETYPE") == nil {
      switch overtone_vector_level() {
      case 2: setenv("OPENBLAS_CORETYPE", "SkylakeX", 1)
      case 1: setenv("OPENBLAS_CORETYPE", "Haswell", 1)
      default: break
      }
    }
    // `ThreadPool` has the threads; those of the library would spin beside them.
    setenv("OPENBLAS_NUM_THREADS", "1", 1)
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
        + "install OpenBLAS, on Debian and Ubuntu with `apt-get install libopenblas0`.")
  }
}
