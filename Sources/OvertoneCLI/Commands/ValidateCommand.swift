import ArgumentParser
import Laboratory
import Networks

struct ValidateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "validate", abstract: "Check an experiment without reading data.",
    discussion: """
      With --inputs the data set is opened, too, and the state and folder of each stage is printed.

        overtone validate Experiments/quickstart.yaml
        overtone validate --inputs Experiments/quickstart.yaml training.steps=2000
      """)
  @OptionGroup var experiment: ExperimentArguments
  @Flag(help: "Also open the data set, and list the stages that are trained.") var inputs = false
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let runs = try experiment.runs(), specs = try experiment.specs(of: runs)
    try runs.checkExpectations()
    var all: [JSON] = []
    for spec in specs {
      let check = try ValidationReport(try withoutStorage { try runs.assembly(spec) }, opening: inputs)
      all.append(.object([("file", .text(experiment.file)), ("variant", .text(spec.title))] + check.fields))
      let name = specs.count > 1 ? " \(spec.title):" : ""
      if !json { print("\(experiment.file):\(name) \(check.text)") }
    }
    if json { print(JSON.list(all).lines) }
  }
}
