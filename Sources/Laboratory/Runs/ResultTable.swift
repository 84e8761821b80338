import Foundation
import Settings

/// Means and standard deviations of measurements, with a row for each group of runs that differ in their seed only.
package struct ResultTable {
  /// The measurements of one row and column, one for each run.
  package struct Cell: Equatable {
    /// One value for each run; never empty in a table.
    package var values: [Double]

    /// A cell of some values.
    package init(values: [Double]) { self.values = values }

    /// Runs.
    package var count: Int { values.count }
    /// Values that are infinite or NaN; the mean is then none, either.
    package var notFinite: Int { values.count { !$0.isFinite } }
    /// "not finite (1 of 3)" where a value is not; nil where all are finite.
    package var note: String? { notFinite > 0 ? "not finite (\(notFinite) of \(count))" : nil }
    /// The arithmetic mean.
    package var mean: Double { values.reduce(0, +) / Double(values.count) }
    /// The sample standard deviation, with n - 1 in the denominator; nil for fewer than two values.
    package var deviation: Double? {
      guard count > 1 else { return nil }
      let mean = mean
      return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)).squareRoot()
    }
  }

  /// A metric, or a metric at one value of the pivot.
  package struct Column: Equatable {
    /// "psnr", or "psnr, steps=8" with a pivot.
    package var title: String
    /// Nil where neither smaller nor larger values are better.
    package var lowerIsBetter: Bool?
  }

  /// The variant, or the values of the settings in `group`; behind it the settings that distinguish it from other rows
  /// of that title.
  package let rowTitles: [String]
  /// The metrics, repeated for each value of the pivot.
  package let columns: [Column]
  /// Indexed `[row][column]`; nil where no run measured it.
  package let cells: [[Cell?]]

  /// Groups results. `group` holds paths of settings that make rows, empty for the variant; `pivot` is one that makes
  /// columns; `metrics` holds the names to show, empty for all. Throws where no run has the setting or the metric.
  ///
  /// Only runs that are equal but for their seed share a row: see `SeedGroups`. A result that is there twice counts
  /// once.
  package init(_ all: [RunResult], group: [String] = [], pivot: String? = nil, metrics: [String] = []) throws {
    var results: [RunResult] = []
    for result in all where !results.contains(result) { results.append(result) }
    let paths = Set(results.flatMap(\.settings.keys))
    for path in group + (pivot.map { [$0] } ?? []) where !paths.contains(path) {
      let near = nearest(path, among: paths.sorted()).map { " Did you mean '\($0)'?" } ?? ""
      throw LaboratoryError("no run has the setting '\(path)'.\(near)")
    }
    let measured = unique(results.flatMap { $0.measurements.map(\.name) })
    for name in metrics where !measured.contains(name) {
      throw LaboratoryError("no run measured '\(name)'; there are \(measured.joined(separator: ", ")).")
    }
    // What was compared with images of training has columns of its own.
    let titles = unique(
      (metrics.isEmpty ? measured : metrics).flatMap { name in
        results.flatMap { $0.measurements.filter { $0.name == name }.map(\.title) }
      })
    let pivots = pivot.map { path in unique(results.map { $0.settings[path] ?? "-" }) }
    let rows = SeedGroups(
      zip(Self.titles(of: results, by: group), results).map { title, result in
        .init(title: title, settings: result.settings, seed: "\(result.seed)")
      }, ignoring: pivot.map { Self.settings(following: $0, in: results) } ?? [])
    rowTitles = rows.titles
    var columns: [Column] = [], keys: [(metric: String, pivot: String?)] = []
    for title in titles {
      let better = results.lazy.flatMap(\.measurements).first { $0.title == title }?.lowerIsBetter
      for value in pivots.map({ $0.map(Optional.some) }) ?? [nil] {
        let suffix = value.map { ", \(pivot?.split(separator: ".").last ?? "")=\($0)" } ?? ""
        columns.append(Column(title: title + suffix, lowerIsBetter: better))
        keys.append((title, value))
      }
    }
    self.columns = columns
    cells = rows.members.map { members in
      keys.map { key in
        let values = members.map { results[$0] }
          .filter { key.pivot == nil || $0.settings[pivot ?? ""] ?? "-" == key.pivot }
          .flatMap { $0.measurements.filter { $0.title == key.metric }.map(\.value) }
        return values.isEmpty ? nil : Cell(values: values)
      }
    }
  }

  /// Returns the title of each result's row: the values of the settings in `group`; without any the variant, preceded
  /// by its experiment where another experiment has a variant of that name, or the experiment where nothing varies.
  private static func titles(of results: [RunResult], by group: [String]) -> [String] {
    results.map { result in
      if !group.isEmpty { return group.map { "\($0)=\(result.settings[$0] ?? "-")" }.joined(separator: ", ") }
      if result.variant.isEmpty { return result.experiment }
      let isShared = results.contains { $0.variant == result.variant && $0.experiment != result.experiment }
      return isShared ? "\(result.experiment): \(result.variant)" : result.variant
    }
  }

  /// Returns the pivot and, where it names components, the settings of its section that follow from the component.
  private static func settings(following pivot: String, in results: [RunResult]) -> Set<String> {
    guard pivot.hasSuffix(".use") else { return [pivot] }
    let section = pivot.dropLast("use".count)
    let inner = Set(results.flatMap(\.settings.keys)).filter { $0.hasPrefix(section) }
    return inner.filter { path in
      var values: [String: Set<String>] = [:]
      for result in results { values[result.settings[pivot] ?? "-", default: []].insert(result.settings[path] ?? "-") }
      return values.values.allSatisfy { $0.count == 1 }
    }.union([pivot])
  }

  /// Returns true where a cell has the best finite mean of its column, of at least two.
  package func isBest(_ row: Int, _ column: Int) -> Bool {
    guard let lower = columns[column].lowerIsBetter, let mean = cells[row][column]?.mean else { return false }
    let means = cells.compactMap { $0[column]?.mean }.filter(\.isFinite)
    return means.count > 1 && mean == (lower ? means.min() : means.max())
  }
}
