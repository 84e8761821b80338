import Foundation
import Laboratory

/// Drawing into folders.
package enum RunFigures {
  package static func draw(_ figures: [any RunFigure.Type], of record: RunRecord, say: (String) -> Void) throws
    -> FigureFolder.Index
  {
    let study = try Study(folder: record.folder)
    return try FigureFolder(path: "\(record.folder)/figures").draw(
      figures.map { figure in (figure.name, { try figure.panels(of: study) }) }, of: record.state.fingerprint, say: say)
  }

  /// `folder` nil: `figures` in the folder that all runs lie below.
  package static func draw(
    _ figures: [any SweepFigure.Type], of records: [RunRecord], into folder: String?, say: (String) -> Void
  ) throws -> FigureFolder.Index {
    try FigureFolder(path: folder ?? "\(common(records))/figures").draw(
      figures.map { figure in (figure.name, { try figure.panels(of: records) }) },
      of: records.map(\.state.fingerprint).joined(separator: " "), say: say)
  }

  /// The folder that all runs lie below.
  package static func common(_ records: [RunRecord]) -> String {
    let paths = records.map { $0.folder.split(separator: "/", omittingEmptySubsequences: false).map(String.init) }
    guard var shared = paths.first else { return "." }
    for path in paths { while !path.starts(with: shared) { shared.removeLast() } }
    if records.count == 1 { return records[0].folder }
    return shared.isEmpty ? "." : shared.joined(separator: "/")
  }
}
