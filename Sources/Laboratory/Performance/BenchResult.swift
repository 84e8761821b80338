import Foundation
import Tensors

/// The measurements of a timed case.
package struct BenchResult {
  /// The case's name.
  let name: String
  /// Seconds of each repetition.
  let times: [Double]
  /// Images of one repetition.
  let items: Int
  /// Floating-point operations of the matrix products of one repetition.
  let operations: Int
  /// The fastest matrix product of this process, in operations per second.
  let peak: Double

  /// A case with its times in seconds.
  package init(name: String, times: [Double], items: Int, operations: Int, peak: Double) {
    (self.name, self.times, self.items) = (name, times, items)
    (self.operations, self.peak) = (operations, peak)
  }

  /// The median of the times.
  private var median: Double {
    let sorted = times.sorted(), middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// A row for people: median seconds, images per second, GFLOP/s, percentage of the peak, and memory.
  package var text: String {
    let rate = peak > 0 ? Double(operations) / median / peak * 100 : .nan
    return name.padding(toLength: max(20, name.count), withPad: " ", startingAt: 0)
      + String(
        format: "%10.4f s %10.1f images/s %7.0f GFLOP/s %5.0f %% %7.0f MB", median, Double(items) / median,
        Double(operations) / median / 1e9, rate, Self.peakMegabytes)
  }

  /// The measurements as a JSON object on one line; numbers have six significant digits.
  package var line: String {
    let least = times.min() ?? .nan
    let best = Double(operations) / least
    return JSON.object([
      ("name", .text(name)), ("median_s", .rounded(median)), ("min_s", .rounded(least)),
      ("items_per_s", .rounded(Double(items) / median)), ("peak_rss_mb", .rounded(Self.peakMegabytes)),
      ("flops", .number(Double(operations))), ("gflops_median", .rounded(Double(operations) / median / 1e9)),
      ("gflops_best", .rounded(best / 1e9)), ("gflops_peak", .rounded(peak / 1e9)),
      ("fraction_of_peak", peak > 0 ? .rounded(best / peak) : .null), ("items", .number(Double(items))),
      ("threads", .number(Double(ThreadPool.shared.threads))), ("reps", .number(Double(times.count))),
      ("times", .list(times.map { .rounded($0) })),
    ]).line
  }

  /// The largest resident set of this process, in megabytes.
  private static var peakMegabytes: Double {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    return Double(usage.ru_maxrss) / 1024
  }
}
