import ArgumentParser
import Foundation
import Laboratory
import Reports
import Settings

struct FiguresCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "figures", abstract: "Draw figures of a run or a sweep, as PNG, SVG and CSV.",
    discussion: """
      Figures of a run are written to RUN/figures, figures that compare runs to the folder --output.

        overtone figures Results/quickstart/1
        overtone figures Results/quickstart/1 turns filter order
        overtone figures Experiments/smoke/sweep.yaml side-by-side --output drawn

      \(Figures.ofRuns.map { "  \($0.name): \($0.about)" }.joined(separator: "\n"))

      Figures that compare runs:

      \(Figures.ofSweeps.map { "  \($0.name): \($0.about)" }.joined(separator: "\n"))

      A figure that does not apply to a run is left out, with the reason.
      """)
  @Argument(help: "A run folder, a folder of runs, or an experiment file.") var source: String
  @Argument(help: "Figures to draw; all that apply by default.") var names: [String] = []
  @Option(help: "A variant of an experiment file, as name or name/seed; repeatable, all by default.")
  var variant: [String] = []
  @Option(help: "The scale at which an experiment file was run.") var scale: String?
  @Option(help: "The results folder of an experiment file, if not that of the file.") var results: String?
  @Option(help: "The folder for figures that compare runs; by default figures, in their common folder.") var output:
    String?

  func validate() throws {
    for name in names where !Figures.names.contains(name) {
      throw ValidationError("there is no figure '\(name)'; there are \(Figures.names.joined(separator: ", ")).")
    }
  }

  func run() throws {
    let source = try RunSource(
      source, variants: variant, scale: scale, overrides: results.map { ["results=\($0.yaml)"] } ?? [])
    let records = source.records
    func isSelected(_ figure: any Figure.Type) -> Bool { names.isEmpty || names.contains(figure.name) }
    let ofSweeps = Figures.ofSweeps.filter(isSelected), ofRuns = Figures.ofRuns.filter(isSelected)
    if records.count > 1, !ofSweeps.isEmpty {
      try RunFigures.draw(ofSweeps, of: records, into: output) { print($0) }
    } else if !names.isEmpty, let one = ofSweeps.first {
      throw LaboratoryError("\(one.name) compares runs, and this is one; name a folder of runs or an experiment file.")
    }
    // Figures of the single runs of a sweep are drawn on request only, since they are many.
    guard records.count == 1 || !names.isEmpty else { return }
    guard !ofRuns.isEmpty else { return }
    for record in records {
      guard record.state.kind == .done else {
        print("\(record.title): \(record.state.kind.rawValue), so there is nothing to draw yet")
        continue
      }
      try RunFigures.draw(ofRuns, of: record) { print($0) }
    }
  }
}
