import Foundation
import Images
import Laboratory

/// Plots of training curves, of one run or of several overlaid.
package struct CurvePlots {
  /// One plot for each stage and quantity of any run: the loss first, technical quantities last.
  package let plots: [(stage: String, name: String, plot: Plot)]

  /// `runs`: legend entries and curves; `names`: quantities to draw, all if nil, with "validation loss" for the loss on
  /// held-out images. Of a single run training and validation share a plot, as levels do.
  package init(_ title: String, _ runs: [(name: String, curves: [RunRecord.Curve])], names: [String]? = nil) {
    var keys: [(stage: String, name: String)] = []
    func key(_ curve: RunRecord.Curve) -> String { runs.count > 1 ? curve.title : curve.plot }
    for curve in runs.flatMap(\.curves) where names.map({ $0.contains(curve.title) }) ?? !curve.isRepeated {
      if !keys.contains(where: { $0 == (curve.stage, key(curve)) }) { keys.append((curve.stage, key(curve))) }
    }
    keys.sort { Self.rank($0.name) < Self.rank($1.name) }
    plots = keys.map { stage, name in
      let drawn = runs.map { run in (run.name, run.curves.filter { $0.stage == stage && key($0) == name }) }
      let series = drawn.flatMap { run, curves in
        FigureContext.subsampled(curves.count, to: Self.maximumSeries).map { index in
          let curve = curves[index]
          let isAlone = !curve.isValidation && curves.count == 1
          return Plot.Series(runs.count > 1 ? run : isAlone ? "" : curve.label, Self.smooth(curve.points))
        }
      }
      let all = series.flatMap { $0.points.map(\.y) }.filter(\.isFinite)
      // A logarithmic axis for positive values that span almost a decade.
      let isLogarithmic =
        !Self.technical.contains(name) && (all.min() ?? 0) > 0 && (all.max() ?? 1) / (all.min() ?? 1) > 8
      let raw = drawn.flatMap(\.1).map(\.points.count).max() ?? 0
      let label =
        raw > Self.maximumPoints
        ? "\(name), mean of \((raw + Self.maximumPoints - 1) / Self.maximumPoints) neighbours" : name
      return (
        stage, name,
        Plot("\(title): \(name) of the \(stage)", x: "step", y: label, series, yScale: isLogarithmic ? .log : .linear)
      )
    }
  }

  /// Quantities by which runs are compared.
  package static let compared = ["loss", "validation loss", "validation token-error", "validation reconstruction"]

  /// Quantities that describe the optimization rather than its objective.
  static let technical = ["gradient-norm", "learning-rate", "images-per-second"]

  /// As many curves as there are distinguishable colours.
  private static let maximumSeries = 8

  /// Sort key: the loss, its terms by name, technical quantities.
  private static func rank(_ name: String) -> (Int, String) {
    (["loss", "validation loss"].contains(name) ? 0 : 1 + (technical.firstIndex(of: name).map { $0 + 1 } ?? 0), name)
  }

  /// Maximum number of points of a curve.
  static let maximumPoints = 150

  /// Means of neighbouring points, so that at most `maximumPoints` remain.
  package static func smooth(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    let width = (points.count + maximumPoints - 1) / maximumPoints
    guard width > 1 else { return points }
    return stride(from: 0, to: points.count, by: width).map { start in
      let part = points[start..<min(points.count, start + width)], n = Double(part.count)
      return (part.reduce(0) { $0 + $1.x } / n, part.reduce(0) { $0 + $1.y } / n)
    }
  }
}

extension RunRecord.Curve {
  /// A validation's quantity by bins: "loss by level" and "level 3" for "loss level 3"; nil for others.
  private var bin: (family: String, member: String)? {
    guard isValidation else { return nil }
    for (mark, title) in [("level", "level"), ("mask", "mask ratio"), ("t", "timestep")] {
      guard let range = name.range(of: " \(mark) "), !isRepeated else { continue }
      return ("\(name[..<range.lowerBound]) by \(title)", String(name[name.index(after: range.lowerBound)...]))
    }
    return nil
  }

  /// True for the last level, which is among the levels, too.
  fileprivate var isRepeated: Bool { isValidation && name.hasSuffix(" last level") }

  /// The plot of a single run that shows the curve.
  fileprivate var plot: String { bin?.family ?? name }

  /// Its name in the legend there.
  fileprivate var label: String { bin?.member ?? (isValidation ? "validation" : "train") }
}
