import Foundation
import Laboratory

/// Draws figures of runs into their folders.
package enum RunFigures {
  /// Draws figures of one run into its folder `figures`.
  @discardableResult
  package static func draw(_ figures: [any RunFigure.Type], of record: RunRecord, log: (String) -> Void) throws
    -> FigureFolder.Index
  {
    let context = try FigureContext(folder: record.folder)
    return try FigureFolder(path: "\(record.folder)/figures").draw(
      figures.map { figure in (figure.name, { try figure.panels(of: context) }) }, of: record.state.fingerprint,
      log: log)
  }

  /// Draws figures that compare runs; with `folder` nil into `figures` below the common folder of all runs.
  @discardableResult
  package static func draw(
    _ figures: [any SweepFigure.Type], of records: [RunRecord], into folder: String?, log: (String) -> Void
  ) throws -> FigureFolder.Index {
    try FigureFolder(path: folder ?? "\(common(records))/figures").draw(
      figures.map { figure in (figure.name, { try figure.panels(of: records) }) },
      of: records.map(\.state.fingerprint).joined(separator: " "), log: log)
  }

  /// The deepest folder that holds all runs.
  package static func common(_ records: [RunRecord]) -> String {
    let paths = records.map { $0.folder.split(separator: "/", omittingEmptySubsequences: false).map(String.init) }
    guard var shared = paths.first else { return "." }
    for path in paths { while !path.starts(with: shared) { shared.removeLast() } }
    if records.count == 1 { return records[0].folder }
    return shared.isEmpty ? "." : shared.joined(separator: "/")
  }
}
