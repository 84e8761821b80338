import ArgumentParser
import Foundation
import Laboratory
import Reports

struct FiguresCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "figures", abstract: "Draw what a run or a sweep shows, as PNG and SVG, with the numbers as CSV.",
    discussion: """
      Figures of a run are written to RUN/figures; those of several runs, which compare them, to the folder --output.

        overtone figures Results/quickstart/1
        overtone figures Results/quickstart/1 turns filter order
        overtone figures Experiments/smoke/sweep.yaml side-by-side --output drawn

      \(Figures.ofRuns.map { "  \($0.name): \($0.about)" }.joined(separator: "\n"))

      Of several runs:

      \(Figures.ofSweeps.map { "  \($0.name): \($0.about)" }.joined(separator: "\n"))

      A figure that a run has nothing for is left out, and it is said why.
      """)
  @Argument(help: "A run folder, a folder of runs, or an experiment file.") var source: String
  @Argument(help: "Figures to draw; left out: all that apply.") var names: [String] = []
  @Option(help: "Only this variant of an experiment file, by its name, or name/seed; may be given several times.")
  var variant: [String] = []
  @Option(help: "The scale at which an experiment file was run.") var scale: String?
  @Option(help: "The results folder of an experiment file, when it was put elsewhere.") var results: String?
  @Option(help: "The folder for figures that compare runs; left out: figures, beside the runs.") var output: String?

  func validate() throws {
    for name in names where !Figures.names.contains(name) {
      throw ValidationError("no figure is called '\(name)'; there are \(Figures.names.joined(separator: ", ")).")
    }
  }

  func run() throws {
    let source = try RunSource(
      source, variants: variant, scale: scale, overrides: results.map { ["results=\($0)"] } ?? [])
    let records = source.records, asked = names
    func isAsked(_ figure: any Figure.Type) -> Bool { asked.isEmpty || asked.contains(figure.name) }
    let ofSweeps = Figures.ofSweeps.filter(isAsked), ofRuns = Figures.ofRuns.filter(isAsked)
    if records.count > 1, !ofSweeps.isEmpty {
      _ = try RunFigures.draw(ofSweeps, of: records, into: output) { print($0) }
    } else if !asked.isEmpty, let one = ofSweeps.first {
      throw LaboratoryError("\(one.name) compares runs, and this is one; name a folder of runs or an experiment file.")
    }
    // All figures of all runs of a sweep are many: they are drawn where they are asked for.
    guard records.count == 1 || !asked.isEmpty else { return }
    guard !ofRuns.isEmpty else { return }
    for record in records {
      guard record.state.kind == .done else {
        print("\(record.title): \(record.state.kind.rawValue), and there is nothing to draw yet")
        continue
      }
      _ = try RunFigures.draw(ofRuns, of: record) { print($0) }
    }
  }
}
