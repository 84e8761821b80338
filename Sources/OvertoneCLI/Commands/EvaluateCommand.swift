import ArgumentParser
import Autoregression
import Laboratory

struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate", abstract: "Evaluate the metrics of a trained experiment.",
    discussion: """
      Without overrides the results are stored with the run, in metrics.h5 and results.json; with overrides they are
      printed only, since they belong to other settings.

        overtone evaluate Results/quickstart/1
        overtone evaluate Results/quickstart/1 sampling.guidance=3 evaluation.count=1000
      """)
  @OptionGroup var trained: TrainedArguments
  @Flag(help: "Print JSON.") var json = false
  @Flag(name: .shortAndLong, help: "Print errors and results only.") var quiet = false

  func run() throws {
    var run = try trained.opened(with: [], Journal(quiet: quiet))
    try run.load()
    guard let evaluation = try run.evaluation() else {
      throw LaboratoryError(
        "this experiment has nothing to evaluate; name metrics, and set evaluation.count above 0.")
    }
    if trained.overrides.isEmpty { try run.record(evaluation) }
    if json {
      let list = evaluation.measurements.map { value -> JSON in
        let better: JSON = value.lowerIsBetter.map { JSON.bool($0) } ?? .null
        let fields: [(String, JSON)] = [
          ("name", .text(value.name)), ("value", .number(value.value)), ("lowerIsBetter", better),
          ("count", .number(Double(evaluation.count))), ("split", .text(evaluation.split.rawValue)),
        ]
        return JSON.object(fields + (JSON.note(on: value.value).map { [("note", .text($0))] } ?? []))
      }
      print(JSON.list(list).lines)
    } else {
      for value in evaluation.measurements {
        let origin = "\(evaluation.count) images, \(evaluation.split.rawValue)"
        print("\(value.name)  \(NumberFormat.short(value.value))  (\(origin))")
      }
    }
  }
}
