import ArgumentParser
import Foundation
import Images
import Laboratory
import Tensors

/// Times of one case at several values of a setting.
struct BenchSeries {
  let setting: String
  let values: [String]
  let file: String
  let overrides: [String]
  let warmup: Int
  let repetitions: Int

  /// `over`: a setting and its values, such as "bench.batch=1,4,16".
  init(_ over: String, of file: String, overrides: [String], warmup: Int, repetitions: Int) throws {
    let parts = over.split(separator: "=", maxSplits: 1).map(String.init)
    values = parts.count == 2 ? parts[1].split(separator: ",").map(String.init) : []
    guard values.count > 1, values.allSatisfy({ Double($0) != nil }) else {
      throw ValidationError("'\(over)' is not a setting with values; write --over bench.batch=1,4,16.")
    }
    setting = parts[0]
    (self.file, self.overrides, self.warmup, self.repetitions) = (file, overrides, warmup, repetitions)
  }

  /// Numbers of threads: 1, 2, 4, ... and all cores.
  static var threadCounts: [Int] {
    let all = ThreadPool.shared.width
    return Array(sequence(first: 1) { $0 * 2 < all ? $0 * 2 : nil }) + (all > 1 ? [all] : [])
  }

  /// Prints a line of JSON for each value and number of threads, then plots the minimum time of each.
  func run(threads: [Int], plot path: String?) throws {
    var series = threads.map { Plot.Series($0 == 1 ? "1 thread" : "\($0) threads", []) }, name = ""
    for value in values {
      let bench = try Bench(file, overrides: overrides + ["\(setting)=\(value)"])
      name = bench.name
      for (index, count) in threads.enumerated() {
        ThreadPool.shared.use(count)
        for _ in 0..<warmup { _ = try bench.repetition() }
        let times = try (0..<repetitions).map { _ in try bench.repetition() }
        try bench.check()
        let least = times.min() ?? 0
        print(
          JSON.object([
            ("name", .text(name)), ("setting", .text(setting)), ("value", .number(Double(value) ?? .nan)),
            ("threads", .number(Double(count))), ("min_s", .rounded(least)),
            ("s_per_item", .rounded(least / Double(bench.batch))),
          ]).line)
        fflush(nil)
        series[index].points.append((Double(value) ?? 0, least))
      }
    }
    guard let path else { return }
    let plot = Plot(
      "\(name): seconds per repetition", x: setting, y: "seconds", series, xScale: .log, yScale: .log)
    try path.hasSuffix(".svg") ? Folder.write(plot.svg(), to: path) : plot.image().writePNG(to: path)
  }
}
