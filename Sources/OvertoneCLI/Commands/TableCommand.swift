import ArgumentParser
import Autoregression
import Foundation
import Laboratory
import Reports
import Settings

struct TableCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "table", abstract: "Print a table of metrics: mean and standard deviation over seeds, best marked.",
    discussion: """
      Runs are named by folder, by a folder above them, or by their experiment file:

        overtone table Results/quickstart
        overtone table Experiments/swap/grid.yaml --metric 'FD[randconv64-v1]' --format md
        overtone table Results/ablation --group direction.filter --pivot loss.steps --format csv
      """)
  @Argument(help: "Run folders, folders of runs, or experiment files.") var sources: [String]
  @Option(help: "A setting whose values are the rows; repeatable, by default the variant.")
  var group: [String] = []
  @Option(help: "A setting whose values are the columns.") var pivot: String?
  @Option(help: "A metric to show; repeatable, all by default.") var metric: [String] = []
  @Option(help: "text, md, tex, csv or json.") var format: ResultTable.Format = .text
  @Option(help: "The scale at which an experiment file was run.") var scale: String?
  @Option(help: "The results folder of experiment files, if not that of the file.") var results: String?

  func run() throws {
    var all: [RunResult] = [], others: [String] = []
    for source in sources {
      if source.hasSuffix(".yaml") || source.hasSuffix(".yml") {
        let name = URL(fileURLWithPath: source).deletingPathExtension().lastPathComponent
        let sweep = try Sweep(file: source, scale: scale, overrides: results.map { ["results=\($0.yaml)"] } ?? [])
        let runs = try ExperimentRuns(sweep, experiment: name, registry: Registry.linked())
        all += try runs.specs.compactMap { try $0.result }
        others += runs.specs.compactMap { spec in spec.other.map { "\(spec.folder) (\($0.difference))" } }
      } else {
        all += try RunResult.all(below: source)
      }
    }
    guard !all.isEmpty else {
      let other = others.first.map { "; there is one of another configuration: \($0)" } ?? ""
      throw LaboratoryError(
        "\(sources.joined(separator: ", ")): there is no result yet; run the experiment first\(other).")
    }
    print(try ResultTable(all, group: group, pivot: pivot, metrics: metric).text(as: format), terminator: "")
  }
}
