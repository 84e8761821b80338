import Foundation
import Images
import Laboratory

/// A page of one run: results, samples, curves, figures, configuration, and how to reproduce it.
package struct RunReport {
  let record: RunRecord
  /// The figures of the run; nil if none were drawn.
  let figures: FigureFolder.Index?
  /// The reason for which there are no figures; nil if none is known.
  let reasonForNoFigures: String?

  /// A report of a run and the figures drawn of it.
  package init(record: RunRecord, figures: FigureFolder.Index?, reasonForNoFigures: String?) {
    (self.record, self.figures, self.reasonForNoFigures) = (record, figures, reasonForNoFigures)
  }

  /// The page as an HTML document that needs no other file.
  package var html: String {
    var page = Page("\(record.experiment): \(record.title)")
    let state = record.state.kind.rawValue
    page.status(record.state.detail.isEmpty ? state : "\(state): \(record.state.detail)", mark: state)
    page.text(
      (["folder \(record.folder)"] + (Self.date(of: "\(record.folder)/STATUS").map { ["as of \($0)"] } ?? []))
        .joined(separator: ", "), quiet: true)
    if let result = record.currentResult, !result.measurements.isEmpty {
      page.section("Results")
      page.table(
        ["metric", "value", "images", "split"],
        result.measurements.map { number in
          [
            Page.Cell(number.name + (number.lowerIsBetter.map { $0 ? " ↓" : " ↑" } ?? "")),
            Page.Cell(NumberFormat.short(number.value), isNumber: true), Page.Cell("\(number.count)", isNumber: true),
            Page.Cell(number.split?.rawValue ?? ""),
          ]
        }, caption: "One run, hence no standard deviation; ↓ lower is better, ↑ higher is better.")
    }
    if let samples = Samples(record) {
      page.section("Samples")
      page.drawing(
        Self.grid(samples).svg, caption: "One row for each class, generated with seed \(record.seed).", isSheet: true)
    }
    page.section("Training")
    page.curves(record.experiment, [(record.title, record.curves)])
    if let figures, !figures.panels.isEmpty || !figures.leftOut.isEmpty {
      page.section("Figures")
      page.figures(in: "\(record.folder)/figures", figures)
    } else if let reasonForNoFigures {
      page.section("Figures")
      page.text("There are none: \(reasonForNoFigures)", quiet: true)
    }
    page.section("Configuration")
    page.configuration(of: record)
    page.section("Reproduction")
    page.reproduction(of: record, command: record.command)
    page.log(of: record)
    return page.html
  }

  /// The samples of at most 20 classes, one row each, no wider than 960 pixels.
  static func grid(_ samples: Samples) -> ContactSheet {
    let classes = Array(Set(samples.labels)).sorted().prefix(20), width = samples.images[0].width
    let perClass = min(max(1, 960 / max(96, width)), samples.labels.count { $0 == classes[0] })
    let chosen = classes.flatMap { label in
      samples.labels.indices.filter { samples.labels[$0] == label }.prefix(perClass)
    }
    return ContactSheet(
      chosen.map { samples.images[$0] }, columns: perClass, rowLabels: classes.map { samples.name(of: $0) })
  }

  /// Time of the last change of a file, such as "2026-03-01 14:05 UTC"; nil for a missing file.
  static func date(of path: String) -> String? {
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
      let date = attributes[.modificationDate] as? Date
    else { return nil }
    let text = ISO8601DateFormatter().string(from: date)
    return text.prefix(10) + " " + text.dropFirst(11).prefix(5) + " UTC"
  }
}
