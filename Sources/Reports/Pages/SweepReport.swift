import Foundation
import Images
import Laboratory

/// A page of all runs of a sweep: results, expectations, figures, settings that vary, curves, samples.
package struct SweepReport {
  let title: String
  let records: [RunRecord]
  /// Runs grouped by variant.
  let sides: [Comparison.Side]
  /// The expectations of the experiment file, with their outcomes.
  let outcomes: [Expectation.Result]
  /// True if an experiment file was named; a folder of runs does not hold the expectations.
  let hasExpectations: Bool
  /// The folder of the figures that compare runs, which may be empty.
  let figures: FigureFolder

  /// A report of runs and the figures drawn of them.
  package init(
    title: String, records: [RunRecord], sides: [Comparison.Side],
    outcomes: [Expectation.Result], hasExpectations: Bool,
    figures: FigureFolder
  ) {
    (self.title, self.records, self.sides, self.outcomes) = (title, records, sides, outcomes)
    (self.hasExpectations, self.figures) = (hasExpectations, figures)
  }

  /// The page as an HTML document that needs no other file.
  package func html() throws -> String {
    var page = Page(title)
    let comparison = try Comparison(sides)
    addState(to: &page)
    if let table = comparison.table { addResults(table, to: &page) }
    addExpectations(to: &page)
    if let index = figures.index, !index.panels.isEmpty {
      page.section("Side by side")
      page.figures(in: figures.path, index)
    }
    addDifferences(comparison.configuration, to: &page)
    addTraining(to: &page)
    addRuns(to: &page)
    addConfiguration(to: &page)
    return page.html
  }

  private func addState(to page: inout Page) {
    let done = records.filter { $0.state.kind == .done }
    let failed = records.filter { [.failed, .crashed].contains($0.state.kind) }
    page.status(
      "\(done.count) of \(records.count) done\(failed.isEmpty ? "" : ", \(failed.count) failed")",
      mark: !failed.isEmpty ? "failed" : done.count == records.count ? "done" : "waiting")
    if let commit = records.lazy.compactMap({ run in run.environment.first { $0.name == "gitCommit" }?.value }).first {
      page.text("commit \(commit)", quiet: true)
    }
    guard !failed.isEmpty else { return }
    page.section("Failures")
    page.table(["run", "reason"], failed.map { [Page.Cell($0.title), Page.Cell($0.state.detail)] })
  }

  private func addResults(_ table: ResultTable, to page: inout Page) {
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

  private func addExpectations(to page: inout Page) {
    guard !outcomes.isEmpty else {
      if !hasExpectations {
        page.text(
          "Expectations stand in the experiment file; name it instead of the folder to compare them with the results.",
          quiet: true)
      }
      return
    }
    page.section("Expectations")
    page.table(
      ["expected", "outcome", "numbers"],
      outcomes.map { result in
        let mark = result.outcome.rawValue.split(separator: " ").joined(separator: "-")
        return [Page.Cell(result.text), Page.Cell(result.outcome.rawValue, mark: mark), Page.Cell(result.numbers)]
      }, caption: "A difference counts when it exceeds the standard deviation over seeds.")
  }

  private func addDifferences(_ differences: [Comparison.Difference], to page: inout Page) {
    guard !differences.isEmpty else { return }
    page.section("Settings that vary")
    func rows(_ differences: [Comparison.Difference]) -> [[Page.Cell]] {
      differences.map { [Page.Cell($0.name)] + $0.values.map { Page.Cell($0) } }
    }
    // Settings of components that only some variants use come last, folded.
    let common = differences.filter { !$0.values.contains("-") }
    let partial = differences.filter { $0.values.contains("-") }
    if !common.isEmpty { page.table([""] + sides.map(\.title), rows(common)) }
    guard !partial.isEmpty else { return }
    page.details("Settings that only some variants have (\(partial.count))") {
      $0.table([""] + sides.map(\.title), rows(partial))
    }
  }

  private func addTraining(to page: inout Page) {
    page.section("Training")
    let drawn = sides.prefix(Self.maximumCurves).compactMap { side in side.runs.first.map { (side.title, $0.curves) } }
    if sides.count > drawn.count { page.text("The first \(drawn.count) of \(sides.count) variants.", quiet: true) }
    if records.count > sides.count { page.text("The first seed of each variant.", quiet: true) }
    page.curves(title, drawn, names: CurvePlots.compared + ["gradient-norm"])
  }

  private func addRuns(to page: inout Page) {
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
  }

  private func addConfiguration(to page: inout Page) {
    guard let first = records.first(where: { !$0.settings.isEmpty }) else { return }
    page.section("Configuration")
    page.text("Settings of \(first.title); those of other runs differ as listed under Settings that vary.", quiet: true)
    page.configuration(of: first)
    page.section("Reproduction")
    page.reproduction(of: first, command: first.command)
  }

  /// As many curves as there are distinguishable colours.
  private static let maximumCurves = 8
}
