import Foundation
import Tensors

/// The state of this machine: processor, BLAS, speed of matrix products, free disk.
package struct Doctor {
  /// Nil where none is installed: products need none if this program has kernels for the processor.
  private let blas: BLAS?
  /// Speed of a large matrix product, in GFLOP/s.
  private let speed: Double
  /// Free bytes in the current folder; nil where that is unknown.
  private let free = Environment.freeBytes(at: ".")

  /// Measures the speed of matrix products, which takes a second; throws where none can be computed.
  package init() throws {
    try BLAS.checkForProducts()
    blas = try? BLAS.load()
    speed = Doctor.fastestProduct() / 1e9
  }

  /// The state for people, a line for each fact.
  package var text: String {
    var lines = [
      "overtone      \(Environment.build)",
      "processor     \(Environment.processor)", "threads       \(ThreadPool.shared.threads)",
      "BLAS          \(blas?.library ?? "none (not needed with this processor)")",
      "BLAS kernels  \(blas?.kernel ?? "unknown")",
      "sgemm         \(NumberFormat.short(speed)) GFLOP/s (4096x1024x1024, best of 5)",
    ]
    if let free { lines.append("free disk     \(NumberFormat.short(Double(free) / 1e9)) GB here") }
    if let warning { lines.append("warning: \(warning)") }
    return lines.joined(separator: "\n")
  }

  /// The state as a JSON object.
  package var json: String {
    JSON.object([
      ("overtone", .text(Environment.version)), ("gitCommit", .text(Environment.builtFrom.commit)),
      ("gitSources", .text(Environment.builtFrom.sources)), ("processor", .text(Environment.processor)),
      ("threads", .number(Double(ThreadPool.shared.threads))), ("blas", (blas?.library).map { .text($0) } ?? .null),
      ("blasKernels", (blas?.kernel).map { .text($0) } ?? .null), ("gigaflops", .number(speed)),
      ("freeBytes", free.map { .number(Double($0)) } ?? .null), ("warning", warning.map { .text($0) } ?? .null),
    ]).lines
  }

  /// A warning about slow BLAS kernels; nil where there is none.
  private var warning: String? {
    blas?.isFallback == true
      ? "these kernels are for very old processors; set OPENBLAS_CORETYPE (SkylakeX, Haswell, Zen) or install a newer "
        + "OpenBLAS."
      : nil
  }

  /// Operations per second of a large matrix product, the best of five.
  static func fastestProduct() -> Double { gigaflops(4096, 1024, times: 5) * 1e9 }

  /// Returns the speed of the fastest of `times` products of [rows, inner] and [inner, inner] matrices, in GFLOP/s.
  package static func gigaflops(_ rows: Int, _ inner: Int, times: Int) -> Double {
    var random = Random(seed: 1)
    let a = random.normal([1, rows * inner], "a").reshaped([rows, inner]),
      b = random.normal([1, inner * inner], "b").reshaped([inner, inner])
    return (0..<times).map { _ in
      let start = MonotonicClock.seconds
      _ = a.product(b)
      return 2 * Double(rows) * Double(inner) * Double(inner) / (MonotonicClock.seconds - start) / 1e9
    }.max() ?? 0
  }
}
