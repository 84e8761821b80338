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

/// target [rows, columns] = scale * left [rows, inner] * right [inner, columns] + bias [columns], on all threads, or on
/// this one inside a kernel; with `adds` that is added to what is there, or to what `way` says.
func matrixProduct(
  _ rows: Int, _ columns: Int, _ inner: Int, _ left: Matrix, _ right: Matrix, into target: UnsafeMutablePointer<Float>,
  stride: Int, scale: Float = 1, bias: UnsafePointer<Float>? = nil, adds: Bool = false, _ way: ProductWay = ProductWay()
) {
  guard rows > 0, columns > 0 else { return }
  Profile.shared.multiplied(rows, columns, inner)
  // To pack the right side is worth it for many rows only; few rows are packed themselves.
  let isSwapped = rows <= 64 && rows * 2 <= columns
  // A sum over nothing is left to those who know what that is.
  let isTiled = multipliesByTiles && inner > 0
  let added = adds ? UnsafePointer(target) : way.base
  if isTiled && !isSwapped {
    let to = TileTarget(
      pointer: target, stride: stride, rows: 0, columns: 0, scale: scale, added: added, bias: bias, scratch: target)
    return tiledProduct(rows, columns, inner, left, right, into: to, way)
  }
  if let sums = way.sums {
    for step in 0..<inner { for row in 0..<rows { sums[row] += left.pointer[step * left.stride + row] } }
  }
  let made = (way.left.map { filled(rows, inner, $0) }, way.right.map { filled(inner, columns, $0) })
  let left = made.0.map { Matrix(pointer: $0.pointer, stride: inner) } ?? left
  let right = made.1.map { Matrix(pointer: $0.pointer, stride: columns) } ?? right
  if isTiled {
    let to = TileTarget(
      pointer: target, stride: stride, isTransposed: true, rows: 0, columns: 0, scale: scale, added: added, bias: bias,
      scratch: target)
    tiledProduct(columns, rows, inner, right.turned, left.turned, into: to, ProductWay())
  } else {
    if let base = way.base, !adds {
      for row in 0..<rows { (target + row * stride).update(from: base + row * stride, count: columns) }
    }
    libraryProduct(
      rows, columns, inner, left, right, into: target, stride: stride, scale: scale, bias: bias, adds: added != nil)
  }
  way.finish?(0..<rows, 0..<columns)
  withExtendedLifetime(made) {}
}

/// A whole side of a product that is made on the way, where it must lie somewhere.
private func filled(_ rows: Int, _ columns: Int, _ fill: ProductWay.Fill) -> Buffer {
  let made = Buffer(count: rows * columns)
  withoutActuallyEscaping(fill) { fill in
    parallel(rows, cost: 8 * columns) { range in
      for row in range { fill(row, 0, columns, made.pointer + row * columns) }
    }
  }
  return made
}

/// The same by the BLAS library, whose threads are ours: a strip of rows, or of columns, for each.
private func libraryProduct(
  _ rows: Int, _ columns: Int, _ inner: Int, _ left: Matrix, _ right: Matrix, into target: UnsafeMutablePointer<Float>,
  stride: Int, scale: Float, bias: UnsafePointer<Float>?, adds: Bool
) {
  if let bias {
    for row in 0..<rows {
      let line = target + row * stride
      if adds {
        for i in 0..<columns { line[i] += bias[i] }
      } else {
        line.update(from: bias, count: columns)
      }
    }
  }
  func multiply(_ rows: Range<Int>, _ columns: Range<Int>) {
    BLAS.loaded.multiply(
      CblasRowMajor, left.transposed ? CblasTrans : CblasNoTrans, right.transposed ? CblasTrans : CblasNoTrans,
      Int32(rows.count), Int32(columns.count), Int32(inner), scale, left.pointer + rows.lowerBound * left.rowStep,
      Int32(left.stride), right.pointer + columns.lowerBound * right.columnStep, Int32(right.stride),
      adds || bias != nil ? 1 : 0, target + (rows.lowerBound * stride + columns.lowerBound), Int32(stride))
  }
  if rows >= columns {
    parallel(rows, cost: columns * inner / 16, pieces: 1) { multiply($0, 0..<columns) }
  } else {
    parallel(columns, cost: rows * inner / 16, unit: 16, pieces: 1) { multiply(0..<rows, $0) }
  }
}
