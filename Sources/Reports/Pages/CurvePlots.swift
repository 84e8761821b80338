import Foundation
import Images
import Laboratory

/// Plots of training curves, of one run or of several overlaid.
package struct CurvePlots {
  /// One plot for each stage and quantity of any run: the loss first, technical quantities last.
  package let plots: [(stage: String, name: String, plot: Plot)]

  /// `runs`: legend entries and curves; `names`: quantities to draw, all if nil.
  package init(_ title: String, _ runs: [(name: String, curves: [RunRecord.Curve])], names: [String]? = nil) {
    var keys: [(stage: String, name: String)] = []
    for curve in runs.flatMap(\.curves) where names?.contains(curve.name) ?? true {
      if !keys.contains(where: { $0 == (curve.stage, curve.name) }) { keys.append((curve.stage, curve.name)) }
    }
    keys.sort { Self.rank($0.name) < Self.rank($1.name) }
    plots = keys.map { stage, name in
      let series = runs.compactMap { run -> Plot.Series? in
        guard let curve = run.curves.first(where: { $0.stage == stage && $0.name == name }) else { return nil }
        return Plot.Series(runs.count > 1 ? run.name : "", Self.smooth(curve.points))
      }
      let all = series.flatMap { $0.points.map(\.y) }.filter(\.isFinite)
      // A logarithmic axis for positive values that span almost a decade.
      let isLogarithmic =
        !Self.technical.contains(name) && (all.min() ?? 0) > 0 && (all.max() ?? 1) / (all.min() ?? 1) > 8
      let raw = runs.map { $0.curves.first { $0.stage == stage && $0.name == name }?.points.count ?? 0 }.max() ?? 0
      let label =
        raw > Self.maximumPoints
        ? "\(name), mean of \((raw + Self.maximumPoints - 1) / Self.maximumPoints) neighbours" : name
      return (
        stage, name,
        Plot("\(title): \(name) of the \(stage)", x: "step", y: label, series, yScale: isLogarithmic ? .log : .linear)
      )
    }
  }

  /// Quantities that describe the optimization rather than its objective.
  static let technical = ["gradient-norm", "learning-rate", "images-per-second"]

  /// Sort key: the loss, its terms by name, technical quantities.
  private static func rank(_ name: String) -> (Int, String) {
    (name == "loss" ? 0 : 1 + (technical.firstIndex(of: name).map { $0 + 1 } ?? 0), name)
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
