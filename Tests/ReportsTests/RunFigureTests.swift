import Foundation
import Images
import Laboratory
import ProgramSupport
import Tensors
import Testing

import Reports

@Suite(.serialized) struct RunFigureTests {
  private func context(_ run: String = TrainedRuns.continuousRun) throws -> FigureContext {
    try FigureContext(folder: run)
  }

  private var codesRun: String {
    get throws {
      let records = try RunRecord.all(below: TrainedRuns.codes.path)
      return try #require(records.first { $0.variant.hasPrefix("small") }).folder
    }
  }

  private func figure(_ name: String) throws -> any RunFigure.Type {
    try #require(Figures.ofRuns.first { $0.name == name })
  }

  private func reason(_ figure: any RunFigure.Type, _ context: FigureContext) -> String {
    do { return "\(try figure.panels(of: context).count) panels" } catch { return "\(error)" }
  }

  @Test("every figure that applies has drawings named after it, with a caption, an image and an SVG document")
  func drawings() throws {
    let context = try context()
    for figure in Figures.ofRuns where figure.name != "codes" {
      let panels = try figure.panels(of: context)
      #expect(!panels.isEmpty, "\(figure.name)")
      for panel in panels {
        #expect(panel.name.hasPrefix(figure.name), "\(panel.name)")
        #expect(panel.caption.hasSuffix("."), "\(panel.name): \(panel.caption)")
        #expect(panel.drawing.svg.hasPrefix("<svg") && panel.drawing.svg.contains("</svg>"))
        let image = panel.drawing.image
        #expect(image.height > 40 && image.width > 40 && Set(image.pixels).count > 2, "\(panel.name)")
      }
      #expect(Set(panels.map(\.name)).count == panels.count)
    }
  }

  @Test("figures have distinct names and a sentence each")
  func names() {
    #expect(Set(Figures.names).count == Figures.names.count)
    for name in Figures.names { #expect(Figures.about(name).hasSuffix(".")) }
    #expect(Figures.about("nothing") == "")
  }

  @Test("a run of continuous tokens has no code usage, and a raster of one scale no levels to draw")
  func inapplicable() throws {
    #expect(
      reason(try figure("codes"), try context())
        == "the tokens of this tokenizer are continuous, and there is no codebook")
    let raster = try context(try codesRun)
    #expect(
      reason(try figure("filter"), raster)
        == "the levels of this direction are no versions of an image, and have no frequency response")
    #expect(reason(try figure("levels"), raster) == "the levels of this direction are no versions of an image")
  }

  @Test("code usage lists the fraction of every code that occurs, in falling order, and sums to one")
  func codes() throws {
    let panel = try #require(try figure("codes").panels(of: try context(try codesRun)).first)
    let rows = try #require(panel.drawing.csv).split(separator: "\n").dropFirst()
    let fractions = rows.compactMap { Double($0.split(separator: ",").last ?? "") }
    #expect(abs(fractions.reduce(0, +) - 1) < 1e-6 && fractions == fractions.sorted(by: >))
    #expect(panel.caption.contains(" of 16 occur, perplexity "))
  }

  @Test("perplexity is the number of codes of uniform use, and one for a single code")
  func perplexity() {
    #expect(abs(Measures.perplexity([0, 1, 2, 3, 0, 1, 2, 3]) - 4) < 1e-9)
    #expect(Measures.perplexity([7, 7, 7]) == 1)
    // p = 3/4, 1/4: exp(-(3/4 ln 3/4 + 1/4 ln 1/4)) = 1.7547653506033858
    #expect(abs(Measures.perplexity([1, 1, 1, 2]) - 1.754_765_350_603_385_8) < 1e-9)
  }

  @Test("the PSNR of a constant error of 0.2 of the range is 10 log10(1 / 0.04) decibels")
  func decibels() {
    // Pixels lie in [-1, 1]; an error of 0.4 is 0.2 of their range.
    let error = Tensor([2, 1, 2, 3], (0..<12).map { $0 < 6 ? 0 : Float(0.4) })
    #expect(abs(Measures.decibels(error, 1) - 13.979_400_086_720_377) < 1e-4)
    #expect(Measures.decibels(error, 0) == 120)
  }

  @Test("distances are root mean squares of pixels in [0, 1] over pairs of one class")
  func distances() {
    let images = Tensor([3, 1, 1, 2], [0, 0, 1, 1, -1, -1])
    #expect(Measures.distances(images, [0, 0, 1]) == [0.5])
    #expect(Measures.distances(images, [0, 0, 0]) == [0.5, 0.5, 1])
    #expect(Measures.distances(images, [0, 1, 2]).isEmpty)
  }

  @Test("a histogram holds all values of its range, at the centres of bins")
  func histogram() {
    let bins = Measures.histogram([0, 0.1, 0.5, 1], bins: 2, over: 0...1)
    #expect(bins.map(\.x) == [0.25, 0.75] && bins.map(\.y) == [0.5, 0.5])
    #expect(Measures.histogram([3, 3], bins: 4, over: 3...3).map(\.y).reduce(0, +) == 1)
  }

  @Test("the spectrum of a constant image has no power beyond frequency zero, and means are over samples and channels")
  func spectrum() {
    #expect(Measures.mean([[[1, 2], [3, 4]], [[5, 6], [7, 8]]]) == [4, 5])
    let flat = Measures.spectrum(Tensor([1, 8, 8, 1], [Float](repeating: 1, count: 64)))
    #expect(flat.dropFirst().allSatisfy { $0 < 1e-9 })
  }

  @Test("in raster order the last turn of each cell is its index")
  func order() throws {
    let context = try context(try codesRun), slots = context.layout.slots.count
    #expect(context.lastTurns(of: context.turns()) == Array(0..<slots))
  }
}
