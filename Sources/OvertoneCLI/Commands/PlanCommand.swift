import ArgumentParser
import Laboratory
import Networks

struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan", abstract: "Estimate shapes, parameters, operations, memory, disk and time.",
    discussion: """
      No data and no weights are read. The time is the number of operations divided by the speed of matrix products on
      this machine, which is measured briefly.

        overtone plan Experiments/quickstart.yaml backbone.width=256
      """)
  @OptionGroup var experiment: ExperimentArguments
  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let runs = try experiment.runs(), specs = try experiment.specs(of: runs)
    var speeds = ProductSpeeds()
    let plans = try specs.map { spec in CostEstimate(try withoutStorage { try runs.assembly(spec) }, &speeds) }
    if json {
      print(plans.count == 1 ? plans[0].json.lines : JSON.object(zip(specs, plans).map { ($0.title, $1.json) }).lines)
    } else {
      print(
        plans.count == 1
          ? plans[0].text : zip(specs, plans).map { "\($0.title)\n\($1.text)" }.joined(separator: "\n\n"))
    }
  }
}
