import Foundation
import Images
import Laboratory

/// Curves of training, of one run or of several laid over each other.
package struct CurvePlots {
  /// One for each stage and name that any of the runs kept, in the order of the first.
  package let plots: [(stage: String, name: String, plot: Plot)]

  /// `runs`: names for the legend, and the curves of each.
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
      // What spans a decade or more and is never zero or less is told by a logarithm.
      let isWide = !Self.technical.contains(name) && (all.min() ?? 0) > 0 && (all.max() ?? 1) / (all.min() ?? 1) > 8
      let raw = runs.map { $0.curves.first { $0.stage == stage && $0.name == name }?.points.count ?? 0 }.max() ?? 0
      let label = raw > Self.most ? "\(name), mean of \((raw + Self.most - 1) / Self.most) neighbours" : name
      return (
        stage, name,
        Plot("\(title): \(name) of the \(stage)", x: "step", y: label, series, yScale: isWide ? .log : .linear)
      )
    }
  }

  /// Curves of how training goes, not of what it lowers.
  static let technical = ["gradient-norm", "learning-rate", "images-per-second"]

  /// The loss first, its parts by name, then what is technical.
  private static func rank(_ name: String) -> (Int, String) {
    (name == "loss" ? 0 : 1 + (technical.firstIndex(of: name).map { $0 + 1 } ?? 0), name)
  }

  /// More points than this are no more to see than their means.
  static let most = 150

  /// Neighbours made one, so that no more than `most` points are left.
  static func smooth(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
    let width = (points.count + most - 1) / most
    guard width > 1 else { return points }
    return stride(from: 0, to: points.count, by: width).map { start in
      let part = points[start..<min(points.count, start + width)], n = Double(part.count)
      return (part.reduce(0) { $0 + $1.x } / n, part.reduce(0) { $0 + $1.y } / n)
    }
  }
}
