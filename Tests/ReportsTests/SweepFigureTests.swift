import Foundation
import Laboratory
import ProgramSupport
import Testing

import Reports

@Suite(.serialized) struct SweepFigureTests {
  private func records() throws -> [RunRecord] { try RunRecord.all(below: TrainedRuns.codes.path) }

  private func figure(_ name: String) throws -> any SweepFigure.Type {
    try #require(Figures.ofSweeps.first { $0.name == name })
  }

  private func reason(_ figure: any SweepFigure.Type, _ records: [RunRecord]) -> String {
    do { return "\(try figure.panels(of: records).count) panels" } catch { return "\(error)" }
  }

  @Test("images of equal class and seed have a row for each variant and a column for each class")
  func sideBySide() throws {
    let records = try records()
    let panel = try #require(try figure("side-by-side").panels(of: records).first)
    guard case .sheet(let sheet) = panel.drawing else { throw LaboratoryError("this is no sheet.") }
    #expect(sheet.columns == 2 && sheet.images.count == 8 && sheet.rowLabels.count == 4)
    #expect(sheet.columnLabels == ["circle", "square"])
    #expect(panel.caption.contains("from seed 3"))
  }

  @Test("spectra and distances have a curve for each variant")
  func curves() throws {
    let records = try records()
    for figure in [try figure("spectra"), try figure("diversities")] {
      let panel = try #require(try figure.panels(of: records).first)
      guard case .plot(let plot) = panel.drawing else { throw LaboratoryError("this is no plot.") }
      #expect(plot.series.count == 4 + (figure.name == "spectra" ? 1 : 0))
    }
  }

  @Test("tokenizers of a sweep have a row each; variants that share one share its row")
  func tokenizers() throws {
    let panel = try #require(try figure("tokenizers").panels(of: try records()).first)
    guard case .sheet(let sheet) = panel.drawing else { throw LaboratoryError("this is no sheet.") }
    #expect(sheet.rowLabels.count == 3 && sheet.rowLabels[0] == "image")
    #expect(sheet.rowLabels[1].contains("16 codes, psnr") || sheet.rowLabels[2].contains("16 codes, psnr"))
    let one = try records().filter { $0.variant.hasPrefix("small") }
    #expect(reason(try figure("tokenizers"), one) == "all runs that are done share one tokenizer")
    #expect(reason(try figure("tokenizers"), []) == "no run is done")
  }

  @Test("metrics are drawn against each numeric setting that varies, with one curve for each of the others")
  func tradeoffs() throws {
    let panels = try figure("tradeoffs").panels(of: try records())
    let guidance = try #require(panels.first { $0.name.hasPrefix("tradeoffs-sampling-guidance-psnr") })
    guard case .plot(let plot) = guidance.drawing else { throw LaboratoryError("this is no plot.") }
    #expect(plot.series.count == 2 && plot.series.allSatisfy { $0.points.map(\.x) == [1, 2] })
    #expect(panels.contains { $0.name.hasPrefix("tradeoffs-tokenizer-codes-") })
    #expect(reason(try figure("tradeoffs"), Array(try records().prefix(1))) == "fewer than two runs have metrics")
  }

  @Test("losses and token errors on held-out images are drawn against parameters and operations of training")
  func scaling() throws {
    let panels = try figure("scaling").panels(of: try records())
    #expect(
      panels.map(\.name)
        == ["validation-loss", "validation-token-error"].flatMap {
          ["scaling-parameters-\($0)", "scaling-operations-\($0)"]
        })
    guard case .plot(let plot) = panels[0].drawing else { throw LaboratoryError("this is no plot.") }
    // A power law takes three sizes, and here are two.
    #expect(plot.series.map(\.name) == ["measured"] && plot.series[0].points.count == 2)
    #expect(reason(try figure("scaling"), []) == "fewer than two sizes of model were measured on held-out images")
  }

  @Test("a power law that fits exactly is found, and written as VAR writes it")
  func powerLaw() throws {
    let law = try #require(PowerLaw([0.1, 1, 10].map { (x: $0, y: pow(2 * $0, -0.25)) }))
    #expect(
      abs(law.exponent + 0.25) < 1e-12 && abs(law.correlation + 1) < 1e-12 && abs(law(5) - pow(10, -0.25)) < 1e-12)
    #expect(law.text("N") == "(2.0 N)^-0.25")
    #expect(
      PowerLaw([(x: 1, y: 1), (x: 2, y: 3)]) == nil && PowerLaw([(x: 1, y: 1), (x: 2, y: 1), (x: 3, y: 1)]) == nil)
  }

  @Test("runs without images are left out, with the reason")
  func without() throws {
    let missing = [RunRecord("/nowhere/1")]
    #expect(reason(try figure("side-by-side"), missing) == "no run has generated images yet (samples.h5 is missing)")
    #expect(reason(try figure("spectra"), missing) == "no run has generated images yet (samples.h5 is missing)")
    #expect(
      reason(try figure("diversities"), missing)
        == "no run has two images of one class in samples.h5; raise sampling.per-class")
  }

  @Test("the page of a sweep lists results, varying settings, curves and runs, and names what it lacks")
  func page() throws {
    let records = try records(), scratch = Scratch()
    func html(_ outcomes: [Laboratory.Expectation.Result], named: Bool) throws -> String {
      try SweepReport(
        title: "codes", records: records, sides: Comparison.sides(of: records), outcomes: outcomes,
        hasExpectations: named, figures: FigureFolder(path: scratch.path)
      ).html()
    }
    let page = try html([.init(text: "PSNR: a > b", outcome: .holds, numbers: "1 > 0")], named: true)
    for title in ["Results", "Expectations", "Settings that vary", "Training", "Runs", "Configuration", "Reproduction"]
    {
      #expect(
        page.contains("<h2 id=\"\(title.lowercased().split(separator: " ").joined(separator: "-"))\">"), "\(title)")
    }
    #expect(page.contains("4 of 4 done") && page.contains("tokenizer.codes") && page.contains("sampling.guidance"))
    #expect(page.contains("<span class=\"mark holds\">holds</span>"))
    #expect(
      try html([], named: false).contains("Expectations stand in the experiment file; name it instead of the folder"))
    #expect(try !html([], named: true).contains("Expectations"))
  }
}
