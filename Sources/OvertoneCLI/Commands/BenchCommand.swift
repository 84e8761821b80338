import ArgumentParser
import Foundation
import Laboratory
import Tensors

/// `overtone bench`: times one case, or waits and times it whenever it is asked to.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Time a case of Experiments/bench and print one line of JSON.",
    discussion: """
      Every result is checked before a time is printed. With --serve the case is made once and "NAME 3" on standard input
      runs three repetitions, so that another program can alternate with this one; "quit" ends it.

      How time grows with a setting, a line for each value and number of threads, and a plot:

        overtone bench train_far_tiny --over bench.batch=1,4,16,64 --plot batch.png
      """)
  @Argument(help: "A case: a name in Experiments/bench, or a path.") var file: String
  @Argument(help: "Settings put over the file's, as key=value.") var overrides: [String] = []
  @Option(help: "Repetitions that are timed.") var reps = 7
  @Option(help: "Repetitions before.") var warmup = 2
  @Option(help: "Threads to use; all cores when left out.") var threads: Int?
  @Option(help: "A setting and the values that it takes one after another: bench.batch=1,4,16.") var over: String?
  @Option(help: "With --over: where to draw the times, a .png or .svg.") var plot: String?
  @Flag(help: "Wait for lines on standard input.") var serve = false
  @Flag(help: "Also print where the time goes.") var profile = false
  @Flag(help: "Print a line of a table for people instead of JSON.") var text = false

  func validate() throws {
    guard (1...10_000).contains(reps) else { throw ValidationError("--reps must be from 1 to 10000, not \(reps).") }
    guard (0...10_000).contains(warmup) else {
      throw ValidationError("--warmup must be from 0 to 10000, not \(warmup).")
    }
    guard plot == nil || over != nil else { throw ValidationError("--plot draws what --over varies; give both.") }
    guard !serve || over == nil else { throw ValidationError("--serve answers for one case; leave out --over.") }
  }

  func run() throws {
    if let threads { ThreadPool.shared.use(threads) }
    if let over {
      let series = try BenchSeries(over, of: file, overrides: overrides, warmup: warmup, repetitions: reps)
      return try series.run(threads: threads.map { [$0] } ?? BenchSeries.everyWidth, plot: plot)
    }
    let bench = try Bench(file, overrides: overrides)
    for _ in 0..<warmup { _ = try bench.repetition() }
    if serve { return try answer(bench) }
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

  private func answer(_ bench: Bench) throws {
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

/// Where the time goes, as lines of text.
struct ProfileTable {
  let lines: [Profile.Line]
  let repetitions: Int

  init(_ lines: [Profile.Line], repetitions: Int) {
    self.lines = lines
    self.repetitions = max(1, repetitions)
  }

  var text: String {
    let total = lines.reduce(0) { $0 + $1.seconds }
    func cell(_ text: String, _ width: Int) -> String {
      String(repeating: " ", count: max(1, width - text.count)) + text
    }
    func milliseconds(_ seconds: Double) -> String { String(format: "%.2f", seconds * 1000 / Double(repetitions)) }
    let head = cell("forward ms", 12) + cell("backward ms", 12) + cell("share", 8) + cell("calls", 9) + "  operation"
    return
      ([head]
      + lines.filter { $0.seconds > 0.0001 * total }.map { line in
        cell(milliseconds(line.forward), 12) + cell(milliseconds(line.backward), 12)
          + cell(String(format: "%.2f %%", 100 * line.seconds / total), 8) + cell("\(line.calls / repetitions)", 9)
          + "  \(line.name)"
      } + [cell(milliseconds(total), 12) + "  ms in all"]).joined(separator: "\n")
  }
}
