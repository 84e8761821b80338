import Foundation
import Laboratory

/// Differences between runs: settings, environment, input files, results.
package struct Comparison {
  /// Runs of one variant, which differ in their seed only.
  package struct Side {
    /// The variant, or the folder of a run outside a sweep.
    package var title: String
    /// The runs, one for each seed.
    package var runs: [RunRecord]

    /// A side of runs under a title.
    package init(_ title: String, _ runs: [RunRecord]) {
      self.title = title
      self.runs = runs
    }
  }

  /// A quantity that differs, with its value on each side; "-" for a side without it.
  package struct Difference: Equatable {
    /// The path of a setting, or the name of a fact.
    package var name: String
    /// [sides]; several values of one side are joined by commas.
    package var values: [String]
  }

  /// The sides compared, two or more.
  package let sides: [Side]
  /// Settings that differ, by path.
  package let configuration: [Difference]
  /// Facts of machine and program that differ.
  package let environment: [Difference]
  /// Input files and trained stages that differ, by hash and folder.
  package let inputs: [Difference]
  /// One row for each side, one column for each metric; nil without any measurement.
  package let table: ResultTable?

  /// Compares sides; throws if their results cannot be read as one table.
  package init(_ sides: [Side]) throws {
    self.sides = sides
    // The results folder does not affect results.
    configuration = Self.differences(sides) { $0.settings.filter { $0.key != "results" }.map { ($0.key, $0.value) } }
      .sorted { $0.name < $1.name }
    environment = Self.differences(sides) { $0.surroundings }
    inputs = Self.differences(sides) { run in
      run.inputs.map { ($0.path, String($0.hash.prefix(12))) }
        + run.stages.map { ($0.name, URL(fileURLWithPath: $0.folder).lastPathComponent) }
    }
    let results = sides.flatMap { side in
      side.runs.compactMap(\.currentResult).map { result in
        var named = result
        named.variant = side.title
        return named
      }
    }
    table = results.isEmpty ? nil : try ResultTable(results)
  }

  /// Groups runs by variant, those of unlike settings apart; sides have distinct titles.
  package static func sides(of records: [RunRecord]) -> [Side] {
    var sides: [Side] = []
    for record in records {
      let title = record.variant.isEmpty ? record.folder : record.variant
      let parent = URL(fileURLWithPath: record.folder).deletingLastPathComponent().path
      let isSameVariant = { (side: Side) in
        side.title == title
          && URL(fileURLWithPath: side.runs[0].folder).deletingLastPathComponent().path == parent
      }
      if let index = sides.firstIndex(where: isSameVariant) {
        sides[index].runs.append(record)
      } else {
        sides.append(Side(title, [record]))
      }
    }
    // Variants of equal names in different folders are titled by their folders.
    let shared = Set(sides.map(\.title).filter { title in sides.count { $0.title == title } > 1 })
    for index in sides.indices where shared.contains(sides[index].title) {
      sides[index].title = sides[index].runs[0].folder
    }
    return sides.flatMap { side in
      let groups = SeedGroups(side.runs.map { .init(title: side.title, settings: $0.settings, seed: $0.seed) })
      return zip(groups.titles, groups.members).map { title, members in Side(title, members.map { side.runs[$0] }) }
    }
  }

  private static func differences(_ sides: [Side], _ facts: (RunRecord) -> [(String, String)]) -> [Difference] {
    var names: [String] = [], values: [[String: [String]]] = sides.map { _ in [:] }
    for (index, side) in sides.enumerated() {
      for (name, value) in side.runs.flatMap(facts) {
        if !names.contains(name) { names.append(name) }
        if values[index][name]?.contains(value) != true { values[index][name, default: []].append(value) }
      }
    }
    return names.compactMap { name in
      let cells = values.map { ($0[name] ?? ["-"]).joined(separator: ", ") }
      return Set(cells).count > 1 ? Difference(name: name, values: cells) : nil
    }
  }

  /// A metric on every side.
  package struct Outcome {
    /// The name of the metric.
    package var metric: String
    /// Nil for a metric without a better direction.
    package var lowerIsBetter: Bool?
    /// [sides]; nil for a side without measurement.
    package var cells: [ResultTable.Cell?]
    /// The index of the side with the best mean.
    package var best: Int?
    /// For two sides: the second minus the first, with standard deviation sqrt(a^2 + b^2).
    package var difference: (mean: Double, deviation: Double?)?
  }

  /// All metrics, in the order of the table.
  package var outcomes: [Outcome] {
    guard let table else { return [] }
    return table.columns.indices.map { column in
      let rows = sides.map { side in table.rowTitles.firstIndex(of: side.title) }
      let cells = rows.map { $0.flatMap { table.cells[$0][column] } }
      var difference: (Double, Double?)?
      if cells.count == 2, let a = cells[0], let b = cells[1] {
        let deviation = a.deviation.flatMap { a in b.deviation.map { (a * a + $0 * $0).squareRoot() } }
        difference = (b.mean - a.mean, deviation)
      }
      return Outcome(
        metric: table.columns[column].title, lowerIsBetter: table.columns[column].lowerIsBetter, cells: cells,
        best: rows.firstIndex { $0.map { table.isBest($0, column) } ?? false }, difference: difference)
    }
  }
}
