import Images
import Laboratory

/// Something to see of runs, drawn from what the contract says of their parts.
package protocol Figure {
  /// "turns", as the command line and files have it.
  static var name: String { get }
  /// One sentence.
  static var about: String { get }
}

/// A figure of one trained run.
package protocol RunFigure: Figure {
  /// Throws `Inapplicable` where the run has nothing of the kind.
  static func panels(of study: Study) throws -> [Panel]
}

/// A figure of several runs beside each other, from what they left in their folders.
package protocol SweepFigure: Figure {
  static func panels(of records: [RunRecord]) throws -> [Panel]
}

/// Why a figure does not apply: one sentence.
package struct Inapplicable: Error, CustomStringConvertible {
  package let description: String
  init(_ description: String) { self.description = description }
}

/// One drawing of a figure.
package struct Panel {
  /// "schedules-guidance": the name of its files.
  let name: String
  /// What is to be seen, and how it was made.
  let caption: String
  let drawing: Drawing

  init(_ name: String, _ drawing: Drawing, caption: String) {
    self.name = name
    self.drawing = drawing
    self.caption = caption
  }
}

enum Drawing {
  case plot(Plot), bars(BarPlot), sheet(ContactSheet)

  var picture: Picture {
    switch self {
    case .plot(let plot): plot.picture()
    case .bars(let bars): bars.picture()
    case .sheet(let sheet): sheet.picture
    }
  }

  var svg: String {
    switch self {
    case .plot(let plot): plot.svg()
    case .bars(let bars): bars.svg()
    case .sheet(let sheet): sheet.svg
    }
  }

  /// The numbers that are drawn, a line each; nil for pictures.
  var csv: String? {
    func quoted(_ text: String) -> String {
      "\"" + text.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
    }
    switch self {
    case .plot(let plot):
      let rows = plot.series.flatMap { series in series.points.map { "\(quoted(series.name)),\($0.x),\($0.y)" } }
      return (["series,\(quoted(plot.xLabel)),\(quoted(plot.yLabel))"] + rows).joined(separator: "\n") + "\n"
    case .bars(let bars):
      return (["bar,\(quoted(bars.yLabel))"] + bars.bars.map { "\(quoted($0.name)),\($0.value)" })
        .joined(separator: "\n") + "\n"
    case .sheet: return nil
    }
  }
}

package enum Figures {
  /// In the order in which they are drawn.
  package static var ofRuns: [any RunFigure.Type] {
    [
      LevelStrip.self, TurnStrip.self, ReconstructionGrid.self, FilterResponse.self, SpectrumFigure.self,
      Schedules.self, LossProfile.self, OrderMaps.self, CodeUsage.self, Diversity.self,
    ]
  }
  package static var ofSweeps: [any SweepFigure.Type] {
    [SideBySide.self, Tokenizers.self, Tradeoffs.self, SpectraSideBySide.self, DiversitySideBySide.self]
  }
  package static var names: [String] { ofRuns.map { $0.name } + ofSweeps.map { $0.name } }
}
