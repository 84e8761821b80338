import ArgumentParser
import Foundation
import Images
import Laboratory
import Reports

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write a page that shows a run, or a sweep: one HTML file that needs nothing else.",
    discussion: """
      Results, claims, samples, curves, figures, every setting with its origin, and how to repeat it. The file can be
      sent, printed and read on a phone; it loads nothing and runs no script.

        overtone report Results/quickstart/1
        overtone report Experiments/smoke/sweep.yaml --output sweep.html
        overtone report Results/ablation --no-figures

      Left out, --output is report.html in the folder of the run, or in the one that all runs lie below. Figures are
      drawn where they are missing or older than the results, which for one run makes some pictures.
      """)
  @OptionGroup var runs: RunSourceArguments
  @Option(help: "The file to write; left out: report.html beside the results.") var output: String?
  @Flag(help: "Draw no figures, and show those that were drawn before.") var noFigures = false
  @Flag(help: "Draw all figures again.") var fresh = false
  @Flag(name: .shortAndLong, help: "Say nothing but where the page is.") var quiet = false

  func validate() throws {
    guard !(fresh && noFigures) else { throw ValidationError("--fresh and --no-figures ask for two things at once.") }
  }

  func run() throws {
    let sources = try runs.opened(), records = sources.flatMap(\.records)
    guard records.contains(where: { Folder.exists($0.folder) }) else {
      throw LaboratoryError("\(runs.sources.joined(separator: " ")): there is no run yet; run the experiment first.")
    }
    let html: String
    if records.count == 1 {
      let (figures, why) = try figures(of: records[0])
      html = RunReport(record: records[0], figures: figures, reasonForNoFigures: why).html
    } else {
      html = try sweep(records, sources)
    }
    let path = output ?? "\(RunFigures.common(records))/report.html"
    try writeWhole(Array(html.utf8), to: path)
    print(path)
  }

  /// Figures of one run, drawn now where they are missing or stale; or why there are none.
  private func figures(of record: RunRecord) throws -> (FigureFolder.Index?, String?) {
    let folder = FigureFolder(path: "\(record.folder)/figures"), known = folder.index
    if noFigures { return (known, known == nil ? "they were not asked for." : nil) }
    guard record.state.kind == .done else { return (known, "the run is not done.") }
    let seen = known.map { Set($0.panels.map(\.figure) + $0.leftOut.keys) } ?? []
    let isCurrent =
      known?.configuration == record.state.fingerprint && folder.isNewer(than: "\(record.folder)/STATUS")
    let missing = Figures.ofRuns.filter { fresh || !isCurrent || !seen.contains($0.name) }
    guard !missing.isEmpty else { return (known, nil) }
    do { return (try RunFigures.draw(missing, of: record, log: say), nil) } catch {
      return (known, "\(error)")
    }
  }

  private func sweep(_ records: [RunRecord], _ sources: [RunSource]) throws -> String {
    let experiments = sources.compactMap(\.runs), folder = "\(RunFigures.common(records))/figures"
    let index =
      noFigures
      ? FigureFolder(path: folder).index
      : try RunFigures.draw(Figures.ofSweeps, of: records, into: folder, log: say)
    let name = experiments.first?.experiment ?? records.first?.experiment ?? "runs"
    return try SweepReport(
      title: name, records: records, sides: Comparison.sides(of: records),
      outcomes: try experiments.flatMap { try $0.outcomes() }, hasExpectations: !experiments.isEmpty, figures: index,
      figuresFolder: folder
    ).html()
  }

  private func say(_ line: String) {
    if !quiet { FileHandle.standardError.write(Data((line + "\n").utf8)) }
  }
}

extension FigureFolder {
  /// Whether all was drawn after a file was written.
  func isNewer(than file: String) -> Bool {
    func date(_ path: String) -> Date? {
      (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
    }
    guard let drawn = date("\(path)/index.json") else { return false }
    return date(file).map { $0 <= drawn } ?? true
  }
}
