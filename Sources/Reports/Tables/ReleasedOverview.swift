import Laboratory

/// Many experiment files beside the released code: a line for each file, and each recipe once.
package struct ReleasedOverview {
  private let comparisons: [(name: String, comparison: ReleasedComparison)]

  /// An overview of files; `name` is the name of each in the tables.
  package init(_ comparisons: [(name: String, comparison: ReleasedComparison)]) { self.comparisons = comparisons }

  /// The files by their numbers of settings, then the settings of every recipe, in Markdown.
  package var markdown: String {
    let files = TextTable(
      head: ["file", "equal", "differ", "varied"],
      rows: comparisons.map { name, comparison in
        let outcomes = comparison.lines.map(\.outcome)
        return [name]
          + [ReleasedComparison.Outcome.equal, .differs, .varies].map { v in "\(outcomes.filter { $0 == v }.count)" }
      })
    return files.markdown + recipes.map { "\n" + section($0) }.joined()
  }

  /// Lines by recipe, each setting from the first file that does not vary it.
  private var recipes: [[ReleasedComparison.Line]] {
    var order: [String] = [], lines: [String: [ReleasedComparison.Line]] = [:]
    for line in comparisons.flatMap(\.comparison.lines) {
      let key = Self.title(line.recipe)
      if lines[key] == nil { order.append(key) }
      if let index = lines[key]?.firstIndex(where: { $0.row.setting == line.row.setting }) {
        if lines[key]?[index].outcome == .varies { lines[key]?[index] = line }
      } else {
        lines[key, default: []].append(line)
      }
    }
    return order.map { key in
      let settings = lines[key]?.first?.recipe.rows.map(\.setting) ?? []
      return (lines[key] ?? []).sorted {
        (settings.firstIndex(of: $0.row.setting) ?? 0) < (settings.firstIndex(of: $1.row.setting) ?? 0)
      }
    }
  }

  /// Files, scale and variant of a recipe.
  private static func title(_ recipe: ReleasedRecipe) -> String {
    "\(recipe.method): \(recipe.files.joined(separator: ", ")), \(recipe.scale)"
      + (recipe.variant.map { ", \($0)" } ?? "")
  }

  /// A heading, the source, and a table.
  private func section(_ lines: [ReleasedComparison.Line]) -> String {
    let recipe = lines[0].recipe
    let table = TextTable(
      head: ["setting", "released", "here", "source", ""],
      rows: lines.map { line in
        [
          line.row.setting, line.row.released, line.ours ?? "no such setting", line.row.source,
          line.outcome == .differs ? line.row.reason ?? "differs" : line.outcome.rawValue,
        ]
      })
    return "### \(Self.title(recipe))\n\n\(recipe.paper); \(recipe.repository) at \(recipe.commit.prefix(7)).\n\n"
      + table.markdown
  }
}
