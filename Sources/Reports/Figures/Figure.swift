import Images
import Laboratory

/// A drawing of runs that relies on nothing but the protocols of the contract, so that it fits every direction,
/// tokenizer and loss.
package protocol Figure {
  /// The name on the command line and in file names, such as "turns".
  static var name: String { get }
  /// One sentence for help texts and headings.
  static var about: String { get }
}

/// A figure of one trained run.
package protocol RunFigure: Figure {
  /// The drawings, in order; throws `Inapplicable` for a run without the quantity that is drawn.
  static func panels(of context: FigureContext) throws -> [Panel]
}

/// A figure that compares several runs, from the files in their folders.
package protocol SweepFigure: Figure {
  /// The drawings, in order; throws `Inapplicable` for runs without the quantity that is drawn.
  static func panels(of records: [RunRecord]) throws -> [Panel]
}

/// The reason for which a figure does not apply, one sentence.
package struct Inapplicable: Error, CustomStringConvertible {
  /// The sentence, without a full stop.
  package let description: String

  /// A reason, without a full stop.
  package init(_ description: String) { self.description = description }
}

/// One drawing of a figure.
package struct Panel {
  /// The base name of its files, such as "schedules-guidance".
  package let name: String
  /// Description of the quantity drawn and of its measurement.
  package let caption: String
  /// The drawing itself.
  package let drawing: Drawing

  /// A drawing under the base name of its files.
  package init(_ name: String, _ drawing: Drawing, caption: String) {
    self.name = name
    self.drawing = drawing
    self.caption = caption
  }
}

/// The three kinds of drawing: curves, bars, and sheets of images.
package enum Drawing {
  /// Curves.
  case plot(Plot)
  /// Bars.
  case bars(BarPlot)
  /// A sheet of images.
  case sheet(ContactSheet)

  /// The drawing as pixels.
  package var image: ByteImage {
    switch self {
    case .plot(let plot): plot.image()
    case .bars(let bars): bars.image()
    case .sheet(let sheet): sheet.image
    }
  }

  /// The drawing as an SVG document.
  package var svg: String {
    switch self {
    case .plot(let plot): plot.svg()
    case .bars(let bars): bars.svg()
    case .sheet(let sheet): sheet.svg
    }
  }

  /// The numbers drawn, one row each, with a header; nil for sheets of images.
  package var csv: String? {
    switch self {
    case .plot(let plot):
      let rows = plot.series.flatMap { series in
        series.points.map { "\(Quoting.csvQuoted(series.name)),\($0.x),\($0.y)" }
      }
      return (["series,\(Quoting.csvQuoted(plot.xLabel)),\(Quoting.csvQuoted(plot.yLabel))"] + rows).joined(
        separator: "\n") + "\n"
    case .bars(let bars):
      return (["bar,\(Quoting.csvQuoted(bars.yLabel))"] + bars.bars.map { "\(Quoting.csvQuoted($0.name)),\($0.value)" })
        .joined(separator: "\n") + "\n"
    case .sheet: return nil
    }
  }
}

/// All figures, in the order in which they are drawn.
package enum Figures {
  /// Figures of one run.
  package static var ofRuns: [any RunFigure.Type] {
    [
      LevelStrip.self, TurnStrip.self, ReconstructionGrid.self, FilterResponse.self, SpectrumFigure.self,
      Schedules.self, LossProfile.self, OrderMaps.self, CodeUsage.self, Diversity.self,
      ValidationCurves.self,
    ]
  }
  /// Figures that compare runs.
  package static var ofSweeps: [any SweepFigure.Type] {
    [
      SideBySide.self, Tokenizers.self, Tradeoffs.self, Scaling.self, SpectraSideBySide.self, DiversitySideBySide.self,
    ]
  }
  /// Names of both kinds.
  package static var names: [String] { ofRuns.map { $0.name } + ofSweeps.map { $0.name } }
}
