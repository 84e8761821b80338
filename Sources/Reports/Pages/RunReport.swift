import Foundation
import Images
import Laboratory

/// One run on one page.
package struct RunReport {
  let record: RunRecord
  /// Drawn before; nil where nothing was.
  let figures: FigureFolder.Index?
  /// Why there are none.
  let whyNoFigures: String?

  package init(record: RunRecord, figures: FigureFolder.Index?, whyNoFigures: String?) {
    (self.record, self.figures, self.whyNoFigures) = (record, figures, whyNoFigures)
  }

  package var html: String {
    var page = Page("\(record.experiment): \(record.title)")
    let state = record.state.kind.rawValue
    page.status(record.state.detail.isEmpty ? state : "\(state): \(record.state.detail)", mark: state)
    page.text(
      (["folder \(record.folder)"] + (Self.date(of: "\(record.folder)/STATUS").map { ["as of \($0)"] } ?? []))
        .joined(separator: ", "), quiet: true)
    if let result = record.result, !result.measurements.isEmpty {
      page.section("Results")
      page.table(
        ["metric", "value", "pictures"],
        result.measurements.map { number in
          [
            Page.Cell(number.name + (number.lowerIsBetter.map { $0 ? " ↓" : " ↑" } ?? "")),
            Page.Cell(Progress.number(number.value), isNumber: true), Page.Cell("\(number.count)", isNumber: true),
          ]
        }, caption: "One run, so no spread; ↓ less is better, ↑ more is better.")
    }
    if let samples = Samples(record) {
      page.section("Samples")
      page.drawing(
        Self.grid(samples).svg, caption: "Every class, generated with seed \(record.seed); a row each.", isSheet: true)
    }
    page.section("Training")
    page.curves(record.experiment, [(record.title, record.curves)])
    if let figures, !figures.panels.isEmpty || !figures.leftOut.isEmpty {
      page.section("Figures")
      page.figures(in: "\(record.folder)/figures", figures)
    } else if let whyNoFigures {
      page.section("Figures")
      page.text("There are none: \(whyNoFigures)", quiet: true)
    }
    page.section("Configuration")
    page.configuration(of: record)
    page.section("How to repeat it")
    page.repetition(of: record, command: record.command)
    page.log(of: record)
    return page.html
  }

  /// All classes while they are few, and no more of each than fit.
  static func grid(_ samples: Samples) -> ContactSheet {
    let classes = Array(Set(samples.labels)).sorted().prefix(20), width = samples.pictures[0].width
    let each = min(max(1, 960 / max(96, width)), samples.labels.count { $0 == classes[0] })
    let chosen = classes.flatMap { label in samples.labels.indices.filter { samples.labels[$0] == label }.prefix(each) }
    return ContactSheet(
      chosen.map { samples.pictures[$0] }, columns: each, rowLabels: classes.map { samples.name(of: $0) })
  }

  /// "2026-03-01 14:05 UTC"
  static func date(of path: String) -> String? {
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
      let date = attributes[.modificationDate] as? Date
    else { return nil }
    let text = ISO8601DateFormatter().string(from: date)
    return text.prefix(10) + " " + text.dropFirst(11).prefix(5) + " UTC"
  }
}
