import Laboratory

extension ReleasedComparison {
  /// The comparison in a format; a sentence where no recipe names the file.
  package func text(as format: Comparison.Format) -> String {
    if format == .json { return json.lines + "\n" }
    guard !lines.isEmpty else {
      return "\(file): no settings of released code are listed for this file or for what it extends.\n"
    }
    let count = { (outcome: Outcome) in lines.filter { $0.outcome == outcome }.count }
    let summary =
      "\(file): \(count(.equal)) settings equal those of the released code, \(count(.differs)) differ, "
      + "\(count(.varies)) are varied.\n"
    let table = Self.table(lines, withReasons: true)
    return summary + "\n" + (format == .md ? table.markdown : table.text) + "\n" + Self.sources(lines)
  }

  /// A row for each setting: scale or variant, setting, released value, the file's, source, outcome.
  static func table(_ lines: [Line], withReasons: Bool) -> TextTable {
    TextTable(
      head: ["", "setting", "released", "here", "source", ""],
      rows: lines.map { line in
        let scope = line.recipe.variant.map { "\(line.recipe.scale), \($0)" } ?? line.recipe.scale
        let reason = line.outcome == .differs ? line.row.reason : nil
        return [
          scope, line.row.setting, line.row.released, line.ours ?? "no such setting", line.row.source,
          line.outcome.rawValue + (reason.map { ": \($0)" } ?? ""),
        ]
      })
  }

  /// A line for each repository.
  private static func sources(_ lines: [Line]) -> String {
    var seen: [String] = []
    for recipe in lines.map(\.recipe) {
      let text = "\(recipe.method) (\(recipe.paper)): \(recipe.repository) at \(recipe.commit)\n"
      if !seen.contains(text) { seen.append(text) }
    }
    return seen.joined()
  }

  private var json: JSON {
    .object([
      ("file", .text(file)),
      (
        "settings",
        .list(
          lines.map { line in
            .object([
              ("method", .text(line.recipe.method)), ("scale", .text(line.recipe.scale)),
              ("variant", line.recipe.variant.map { .text($0) } ?? .null), ("setting", .text(line.row.setting)),
              ("released", .text(line.row.released)), ("here", line.ours.map { .text($0) } ?? .null),
              ("outcome", .text(line.outcome.rawValue)),
              ("reason", line.outcome == .differs ? line.row.reason.map { .text($0) } ?? .null : .null),
              ("repository", .text(line.recipe.repository)), ("commit", .text(line.recipe.commit)),
              ("source", .text(line.row.source)),
            ])
          })
      ),
    ])
  }
}
