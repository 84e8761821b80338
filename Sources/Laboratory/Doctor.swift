import Foundation
import Tensors

/// Whether this machine is ready, and how fast it multiplies.
enum Doctor {
  static func report() -> String {
    let blas = BLAS.loaded, speed = fastestProduct() / 1e9
    var lines = [
      "processor     \(Environment.processor)", "threads       \(ThreadPool.shared.threads)",
      "BLAS          \(blas.library)", "BLAS kernels  \(blas.kernel ?? "unknown")",
      "sgemm         \(Progress.number(speed)) GFLOP/s (4096x1024x1024, best of 5)",
    ]
    if let free = try? FileManager.default.attributesOfFileSystem(forPath: ".")[.systemFreeSize] as? Int {
      lines.append("free disk     \(Progress.number(Double(free) / 1e9)) GB here")
    }
    if blas.isFallback {
      lines.append(
        "warning: these kernels are for processors of long ago; set OPENBLAS_CORETYPE (SkylakeX, Haswell, Zen) or install a newer OpenBLAS."
      )
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// Operations a second of a large product, the best of five.
  static func fastestProduct() -> Double {
    var random = Random(seed: 1)
    let a = random.normal([1, 4096 * 1024], "a").reshaped([4096, 1024]),
      b = random.normal([1, 1024 * 1024], "b").reshaped([1024, 1024])
    return (0..<5).map { _ in
      let start = Journal.seconds
      _ = a.product(b)
      return 2 * 4096.0 * 1024 * 1024 / (Journal.seconds - start)
    }.max() ?? 0
  }
}
