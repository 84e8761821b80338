import Foundation
import Settings

/// Mean and spread of what runs measured, a row for each group of runs that differ only in their seed.
package struct ResultTable {
  /// Runs of one row and column.
  package struct Cell: Equatable {
    package var values: [Double]

    package init(values: [Double]) { self.values = values }

    package var count: Int { values.count }
    package var mean: Double { values.reduce(0, +) / Double(values.count) }
    /// Of the sample: divided by n - 1. Nil with fewer than two.
    package var deviation: Double? {
      guard count > 1 else { return nil }
      let mean = mean
      return (values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1)).squareRoot()
    }
  }

  package struct Column: Equatable {
    /// "psnr", or "psnr, steps=8" with a pivot.
    package var title: String
    package var lowerIsBetter: Bool?
  }

  package let rowTitles: [String]
  package let columns: [Column]
  /// [row][column]; nil: no run measured it.
  package let cells: [[Cell?]]

  /// `group`: paths of settings that make rows (the variant when empty); `pivot`: one that makes columns;
  /// `metrics`: names to show, all when empty.
  package init(_ results: [RunResult], group: [String] = [], pivot: String? = nil, metrics: [String] = []) throws {
    let known = Set(results.flatMap(\.settings.keys))
    for path in group + (pivot.map { [$0] } ?? []) where !known.contains(path) {
      let near = nearest(path, among: known.sorted()).map { " Did you mean '\($0)'?" } ?? ""
      throw LaboratoryError("no run has the setting '\(path)'.\(near)")
    }
    func row(_ result: RunResult) -> String {
      guard !group.isEmpty else { return result.variant.isEmpty ? result.experiment : result.variant }
      return group.map { "\($0)=\(result.settings[$0] ?? "-")" }.joined(separator: ", ")
    }
    func unique(_ names: [String]) -> [String] {
      var seen: Set<String> = []
      return names.filter { seen.insert($0).inserted }
    }
    let all = unique(results.flatMap { $0.measurements.map(\.name) })
    for name in metrics where !all.contains(name) {
      throw LaboratoryError("no run measured '\(name)'; there are \(all.joined(separator: ", ")).")
    }
    let names = metrics.isEmpty ? all : metrics
    let pivots = pivot.map { path in unique(results.map { $0.settings[path] ?? "-" }) }
    rowTitles = unique(results.map(row))
    var columns: [Column] = [], keys: [(metric: String, pivot: String?)] = []
    for name in names {
      let better = results.lazy.flatMap(\.measurements).first { $0.name == name }?.lowerIsBetter
      for value in pivots.map({ $0.map(Optional.some) }) ?? [nil] {
        let suffix = value.map { ", \(pivot?.split(separator: ".").last ?? "")=\($0)" } ?? ""
        columns.append(Column(title: name + suffix, lowerIsBetter: better))
        keys.append((name, value))
      }
    }
    self.columns = columns
    cells = rowTitles.map { title in
      keys.map { key in
        let values = results.filter {
          row($0) == title && (key.pivot == nil || $0.settings[pivot ?? ""] ?? "-" == key.pivot)
        }
        .flatMap { $0.measurements.filter { $0.name == key.metric }.map(\.value) }
        return values.isEmpty ? nil : Cell(values: values)
      }
    }
  }

  /// Whether a cell has the best mean of its column.
  package func isBest(_ row: Int, _ column: Int) -> Bool {
    guard let lower = columns[column].lowerIsBetter, let mean = cells[row][column]?.mean else { return false }
    let means = cells.compactMap { $0[column]?.mean }.filter(\.isFinite)
    return means.count > 1 && mean == (lower ? means.min() : means.max())
  }
}
