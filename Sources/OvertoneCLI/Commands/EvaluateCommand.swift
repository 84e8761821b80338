import ArgumentParser
import Autoregression
import Laboratory

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Measure a trained experiment.",
    discussion: """
      Without overrides the numbers become the run's own, in metrics.h5 and results.json; with overrides they are only
      printed, since they belong to other settings than those it was run with.

        overtone evaluate Results/quickstart/1
        overtone evaluate Results/quickstart/1 sampling.guidance=3 evaluation.count=1000
      """)
  @OptionGroup var trained: TrainedArguments
  @Flag(help: "Print JSON.") var json = false
  @Flag(name: .shortAndLong, help: "Say nothing but errors and the numbers.") var quiet = false

  func run() throws {
    var run = try trained.opened(with: [], Journal(quiet: quiet))
    try run.load()
    guard let (values, count) = try run.measurements() else {
      throw LaboratoryError(
        "this experiment measures nothing; name metrics, and let evaluation.count and the data set be above 0.")
    }
    if trained.overrides.isEmpty { try run.keep(values, count) }
    if json {
      let list = values.map { value -> JSON in
        let better: JSON = value.lowerIsBetter.map { JSON.bool($0) } ?? .null
        let fields: [(String, JSON)] = [
          ("name", .text(value.name)), ("value", .number(value.value)), ("lowerIsBetter", better),
          ("count", .number(Double(count))),
        ]
        return JSON.object(fields)
      }
      print(JSON.list(list).lines)
    } else {
      for value in values { print("\(value.name)  \(NumberFormat.short(value.value))  (\(count) pictures)") }
    }
  }
}
