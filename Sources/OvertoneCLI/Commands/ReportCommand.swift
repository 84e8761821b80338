import ArgumentParser
import Files
import Foundation
import Images
import Laboratory
import Reports

struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Write a self-contained HTML page of a run or a sweep.",
    discussion: """
      Results, expectations, samples, curves, figures, every setting with its origin, and how to reproduce it. The file
      can be sent, printed and read on a phone; it loads nothing and runs no script.

        overtone report Results/quickstart/1
        overtone report Experiments/smoke/sweep.yaml --output sweep.html
        overtone report Results/ablation --no-figures

      By default --output is report.html in the folder of the run, or in the common folder of all runs. Figures that are
      missing or older than the results are drawn, which for a single run generates some images.
      """)
  @OptionGroup var runs: RunSourceArguments
  @Option(help: "The file to write; by default report.html beside the results.") var output: String?
  @Flag(help: "Draw no figures; include those on disk.") var noFigures = false
  @Flag(help: "Draw all figures again.") var fresh = false
  @Flag(name: .shortAndLong, help: "Print the path of the page only.") var quiet = false

  func validate() throws {
    guard !(fresh && noFigures) else { throw ValidationError("--fresh and --no-figures contradict each other.") }
  }

  func run() throws {
    let sources = try runs.opened(), records = sources.flatMap(\.records)
    guard records.contains(where: { Folder.exists($0.folder) }) else {
      throw LaboratoryError("\(runs.sources.joined(separator: " ")): there is no run yet; run the experiment first.")
    }
    let html: String
    if records.count == 1 {
      let (figures, reason) = try figures(of: records[0])
      html = RunReport(record: records[0], figures: figures, reasonForNoFigures: reason).html
    } else {
      html = try sweep(records, sources)
    }
    let path = output ?? "\(RunFigures.common(records))/report.html"
    try writeWhole(Array(html.utf8), to: path)
    print(path)
  }

  /// Figures of one run, drawn now if missing or out of date; or the reason for which there are none.
  private func figures(of record: RunRecord) throws -> (FigureFolder.Index?, String?) {
    let folder = FigureFolder(path: "\(record.folder)/figures"), existing = folder.index
    if noFigures { return (existing, existing == nil ? "--no-figures was given." : nil) }
    guard record.state.kind == .done else { return (existing, "the run is not done.") }
    let handled = existing.map { Set($0.panels.map(\.figure) + $0.leftOut.keys) } ?? []
    let isCurrent =
      existing?.configuration == record.state.fingerprint && folder.isNewer(than: "\(record.folder)/STATUS")
    let missing = Figures.ofRuns.filter { fresh || !isCurrent || !handled.contains($0.name) }
    guard !missing.isEmpty else { return (existing, nil) }
    do { return (try RunFigures.draw(missing, of: record, log: log), nil) } catch {
      return (existing, "\(error)")
    }
  }

  /// The page of several runs.
  private func sweep(_ records: [RunRecord], _ sources: [RunSource]) throws -> String {
    let experiments = sources.compactMap(\.runs), folder = "\(RunFigures.common(records))/figures"
    if !noFigures { try RunFigures.draw(Figures.ofSweeps, of: records, into: folder, log: log) }
    let name = experiments.first?.experiment ?? records.first?.experiment ?? "runs"
    return try SweepReport(
      title: name, records: records, sides: Comparison.sides(of: records),
      outcomes: try experiments.flatMap { try $0.outcomes() }, hasExpectations: !experiments.isEmpty,
      figures: FigureFolder(path: folder)
    ).html()
  }

  /// Prints progress on standard error.
  private func log(_ line: String) {
    if !quiet { FileHandle.standardError.write(Data((line + "\n").utf8)) }
  }
}

extension FigureFolder {
  /// True if the index was written after a file.
  func isNewer(than file: String) -> Bool {
    func date(_ path: String) -> Date? {
      (try? FileManager.default.attributesOfItem(atPath: path))?[.modificationDate] as? Date
    }
    guard let drawn = date("\(path)/index.json") else { return false }
    return date(file).map { $0 <= drawn } ?? true
  }
}
