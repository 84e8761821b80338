import Foundation
import Laboratory

/// What differs between runs: in what they were told, in where they ran, and in what came out.
package struct Comparison {
  /// Runs of one variant, which differ in nothing but their seed.
  package struct Side {
    package var title: String
    package var runs: [RunRecord]

    package init(_ title: String, _ runs: [RunRecord]) {
      self.title = title
      self.runs = runs
    }
  }

  /// One thing that differs, with its value on each side; "-" where a side has none.
  package struct Difference: Equatable {
    package var name: String
    package var values: [String]
  }

  package let sides: [Side]
  package let configuration: [Difference]
  package let environment: [Difference]
  package let inputs: [Difference]
  /// A row for each side, a column for each metric; nil where nobody measured.
  package let table: ResultTable?

  package init(_ sides: [Side]) throws {
    self.sides = sides
    // Where results are kept changes nothing in them.
    configuration = Self.differences(sides) { $0.settings.filter { $0.key != "results" }.map { ($0.key, $0.value) } }
      .sorted { $0.name < $1.name }
    // What was typed says no more than the settings do.
    environment = Self.differences(sides) { $0.surroundings }
    inputs = Self.differences(sides) { run in
      run.inputs.map { ($0.path, String($0.hash.prefix(12))) }
        + run.stages.map { ($0.name, URL(fileURLWithPath: $0.folder).lastPathComponent) }
    }
    let results = sides.flatMap { side in
      side.runs.compactMap(\.result).map { result in
        var named = result
        named.variant = side.title
        return named
      }
    }
    table = results.isEmpty ? nil : try ResultTable(results)
  }

  /// Sides of runs: those of one variant go together, and titles tell them apart.
  package static func sides(of records: [RunRecord]) -> [Side] {
    var sides: [Side] = []
    for record in records {
      let title = record.variant.isEmpty ? record.folder : record.variant
      let parent = URL(fileURLWithPath: record.folder).deletingLastPathComponent().path
      let isKnown = { (side: Side) in
        side.title == title
          && URL(fileURLWithPath: side.runs[0].folder).deletingLastPathComponent().path == parent
      }
      if let index = sides.firstIndex(where: isKnown) {
        sides[index].runs.append(record)
      } else {
        sides.append(Side(title, [record]))
      }
    }
    // Variants of one name that lie in two places are told apart by their folders.
    for index in sides.indices where sides.filter({ $0.title == sides[index].title }).count > 1 {
      sides[index].title = sides[index].runs[0].folder
    }
    return sides
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
      let each = values.map { ($0[name] ?? ["-"]).joined(separator: ", ") }
      return Set(each).count > 1 ? Difference(name: name, values: each) : nil
    }
  }

  /// One metric on every side.
  package struct Outcome {
    package var metric: String
    package var lowerIsBetter: Bool?
    package var cells: [ResultTable.Cell?]
    /// The side with the best mean.
    package var best: Int?
    /// Of two sides: second less first, and what both spreads make of its own.
    package var difference: (mean: Double, deviation: Double?)?
  }

  package var outcomes: [Outcome] {
    guard let table else { return [] }
    return table.columns.indices.map { column in
      let rows = sides.map { side in table.rowTitles.firstIndex(of: side.title) }
      let cells = rows.map { $0.flatMap { table.cells[$0][column] } }
      var difference: (Double, Double?)?
      if cells.count == 2, let a = cells[0], let b = cells[1] {
        let spread = a.deviation.flatMap { a in b.deviation.map { (a * a + $0 * $0).squareRoot() } }
        difference = (b.mean - a.mean, spread)
      }
      return Outcome(
        metric: table.columns[column].title, lowerIsBetter: table.columns[column].lowerIsBetter, cells: cells,
        best: rows.firstIndex { $0.map { table.isBest($0, column) } ?? false }, difference: difference)
    }
  }
}
