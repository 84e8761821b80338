import Foundation
import Images
import Laboratory

/// All runs of a sweep on one page.
package struct SweepReport {
  let title: String
  let records: [RunRecord]
  let sides: [Comparison.Side]
  let judgements: [(text: String, verdict: Claim.Verdict, numbers: String)]
  /// Whether an experiment file was named, which alone knows of claims.
  let knowsClaims: Bool
  let figures: FigureFolder.Index?
  let figuresFolder: String

  package init(
    title: String, records: [RunRecord], sides: [Comparison.Side],
    judgements: [(text: String, verdict: Claim.Verdict, numbers: String)], knowsClaims: Bool,
    figures: FigureFolder.Index?, figuresFolder: String
  ) {
    (self.title, self.records, self.sides, self.judgements) = (title, records, sides, judgements)
    (self.knowsClaims, self.figures, self.figuresFolder) = (knowsClaims, figures, figuresFolder)
  }

  package func html() throws -> String {
    var page = Page(title)
    let comparison = try Comparison(sides), done = records.filter { $0.state.kind == .done }
    let failed = records.filter { $0.state.kind == .failed }
    page.status(
      "\(done.count) of \(records.count) done\(failed.isEmpty ? "" : ", \(failed.count) failed")",
      mark: !failed.isEmpty ? "failed" : done.count == records.count ? "done" : "waiting")
    if let commit = records.lazy.compactMap({ run in run.environment.first { $0.name == "gitCommit" }?.value }).first {
      page.text("commit \(commit)", quiet: true)
    }
    if !failed.isEmpty {
      page.section("Failures")
      page.table(["run", "why"], failed.map { [Page.Cell($0.title), Page.Cell($0.state.detail)] })
    }
    if let table = comparison.table {
      page.section("Results")
      page.table(
        [""] + table.columns.map { $0.title + ($0.lowerIsBetter.map { $0 ? " ↓" : " ↑" } ?? "") },
        table.rowTitles.indices.map { row in
          [Page.Cell(table.rowTitles[row])]
            + table.columns.indices.map { column in
              Page.Cell(
                Comparison.written(table.cells[row][column]), isStrong: table.isBest(row, column), isNumber: true)
            }
        }, caption: "Mean ± standard deviation over seeds (n runs); the best of each column is bold.")
    }
    if !judgements.isEmpty {
      page.section("Claims")
      page.table(
        ["claim", "verdict", "numbers"],
        judgements.map { text, verdict, numbers in
          let mark = verdict.rawValue.split(separator: " ").joined(separator: "-")
          return [Page.Cell(text), Page.Cell(verdict.rawValue, mark: mark), Page.Cell(numbers)]
        }, caption: "A difference counts when it is larger than the spread over seeds.")
    } else if !knowsClaims {
      page.text("Claims stand in the experiment file; name it instead of the folder to have them judged.", quiet: true)
    }
    if let figures, !figures.panels.isEmpty {
      page.section("Side by side")
      page.figures(in: figuresFolder, figures)
    }
    if !comparison.configuration.isEmpty {
      page.section("What varies")
      func rows(_ differences: [Comparison.Difference]) -> [[Page.Cell]] {
        differences.map { [Page.Cell($0.name)] + $0.values.map { Page.Cell($0) } }
      }
      // Settings that come and go with a part are told last.
      let (shared, partly) = (
        comparison.configuration.filter { !$0.values.contains("-") },
        comparison.configuration.filter { $0.values.contains("-") }
      )
      if !shared.isEmpty { page.table([""] + sides.map(\.title), rows(shared)) }
      if !partly.isEmpty {
        page.details("Settings that only some variants have (\(partly.count))") {
          $0.table([""] + sides.map(\.title), rows(partly))
        }
      }
    }
    page.section("Training")
    // More curves than colours cannot be told apart.
    let shown = sides.prefix(Self.mostCurves).compactMap { side in side.runs.first.map { (side.title, $0.curves) } }
    if sides.count > shown.count { page.text("The first \(shown.count) of \(sides.count) variants.", quiet: true) }
    if records.count > sides.count { page.text("The first seed of each variant.", quiet: true) }
    page.curves(title, shown, names: ["loss", "gradient-norm"])
    page.section("Runs")
    page.table(
      ["variant", "seed", "state", "detail", "folder"],
      records.map { record in
        let state = record.state.kind.rawValue
        return [
          Page.Cell(record.variant), Page.Cell(record.seed), Page.Cell(state, mark: state),
          Page.Cell(record.state.detail),
          Page.Cell(record.folder),
        ]
      })
    for side in sides {
      guard let run = side.runs.first(where: { Samples($0) != nil }), let samples = Samples(run) else { continue }
      page.details("\(side.title): samples, seed \(run.seed)") { page in
        page.drawing(
          RunReport.grid(samples).svg, caption: "\(side.title): every class, generated with seed \(run.seed).",
          isSheet: true)
      }
    }
    if let first = records.first(where: { !$0.settings.isEmpty }) {
      page.section("Configuration")
      page.text("That of \(first.title); what other runs have instead stands under What varies.", quiet: true)
      page.configuration(of: first)
      page.section("How to repeat it")
      page.repetition(of: first, command: first.command)
    }
    return page.html
  }

  private static let mostCurves = 8
}
