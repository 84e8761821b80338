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
    var all: [RunResult] = []
    for source in sources {
      if source.hasSuffix(".yaml") || source.hasSuffix(".yml") {
        let sweep = try Sweep(file: source, scale: scale, overrides: results.map { ["results=\($0)"] } ?? [])
        let name = URL(fileURLWithPath: source).deletingPathExtension().lastPathComponent
        for spec in try ExperimentRuns(sweep, experiment: name, registry: Registry.linked()).specs
        where FileManager.default.fileExists(atPath: RunResult.path(in: spec.folder)) {
          all.append(try RunResult(in: spec.folder))
        }
      } else {
        all += try RunResult.all(below: source)
      }
    }
    guard !all.isEmpty else {
      throw LaboratoryError("\(sources.joined(separator: ", ")): there is no result yet; run the experiment first.")
    }
    print(try ResultTable(all, group: group, pivot: pivot, metrics: metric).text(as: format), terminator: "")
  }
}
