import ArgumentParser
import Foundation
import Laboratory
import Tensors

/// `overtone bench`: times one case, once or on request.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Time a case of Experiments/bench and print one line of JSON.",
    discussion: """
      Results are checked before a time is printed. With --serve the case is built once, and each line "NAME 3" on
      standard input runs three repetitions, so that another program can alternate with this one; "quit" ends it.

      Time against a setting, a line for each value and number of threads, and a plot:

        overtone bench train_far_tiny --over bench.batch=1,4,16,64 --plot batch.png
      """)
  @Argument(help: "A case: a name in Experiments/bench, or a path.") var file: String
  @Argument(help: "Settings put over the file's, as key=value.") var overrides: [String] = []
  @Option(help: "Timed repetitions.") var reps = 7
  @Option(help: "Untimed repetitions before these.") var warmup = 2
  @Option(help: "Number of threads; all cores by default.") var threads: Int?
  @Option(help: "A setting and its values in turn: bench.batch=1,4,16.") var over: String?
  @Option(help: "With --over: the file of a plot, .png or .svg.") var plot: String?
  @Flag(help: "Time on request, by lines on standard input.") var serve = false
  @Flag(help: "Also print the time of each operation.") var profile = false
  @Flag(help: "Print a line of text instead of JSON.") var text = false

  func validate() throws {
    guard (1...10_000).contains(reps) else { throw ValidationError("--reps must be from 1 to 10000, not \(reps).") }
    guard (0...10_000).contains(warmup) else {
      throw ValidationError("--warmup must be from 0 to 10000, not \(warmup).")
    }
    guard plot == nil || over != nil else { throw ValidationError("--plot requires --over, whose values it draws.") }
    guard !serve || over == nil else { throw ValidationError("--serve times one case; leave out --over.") }
  }

  func run() throws {
    if let threads { ThreadPool.shared.use(threads) }
    if let over {
      let series = try BenchSeries(over, of: file, overrides: overrides, warmup: warmup, repetitions: reps)
      return try series.run(threads: threads.map { [$0] } ?? BenchSeries.threadCounts, plot: plot)
    }
    let bench = try Bench(file, overrides: overrides)
    for _ in 0..<warmup { _ = try bench.repetition() }
    if serve { return try answerRequests(bench) }
    let before = Profile.shared.productOperations
    if profile { Profile.shared.start() }
    let times = try (0..<reps).map { _ in try bench.repetition() }
    if profile { print(ProfileTable(Profile.shared.stop(), repetitions: reps).text) }
    let operations = (Profile.shared.productOperations - before) / reps
    try bench.check()
    let result = BenchResult(
      name: bench.name, times: times, items: bench.batch, operations: operations,
      peak: Doctor.gigaflops(4096, 1024, times: 5) * 1e9)
    print(text ? result.text : result.line)
  }

  /// Times the case for every line on standard input, until "quit" or the end of input.
  private func answerRequests(_ bench: Bench) throws {
    print("{\"ready\": [\"\(bench.name)\"]}")
    fflush(nil)
    while let line = readLine(), line != "quit" {
      let words = line.split(separator: " ")
      guard words.first.map(String.init) == bench.name, let count = words.count > 1 ? Int(words[1]) : 1, count > 0
      else {
        print("{\"error\": \"ask for '\(bench.name) 3', or 'quit'\"}")
        fflush(nil)
        continue
      }
      let times = try (0..<count).map { _ in try bench.repetition() }
      print(
        "{\"name\": \"\(bench.name)\", \"times\": [" + times.map { String(format: "%.6f", $0) }.joined(separator: ", ")
          + "]}")
      fflush(nil)
    }
    try bench.check()
  }
}
