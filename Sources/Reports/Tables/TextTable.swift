import Laboratory

/// A table of strings, as aligned text or as Markdown.
package struct TextTable {
  var head: [String]
  var rows: [[String]]

  /// A table whose rows are as long as its head.
  package init(head: [String], rows: [[String]]) { (self.head, self.rows) = (head, rows) }

  /// Columns padded with spaces and separated by two.
  package var text: String {
    let all = [head] + rows
    let widths = head.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      let line = zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
      return String(line.reversed().drop { $0 == " " }.reversed())
    }.joined(separator: "\n") + "\n"
  }

  /// A Markdown table; vertical bars in cells are escaped.
  package var markdown: String {
    func line(_ cells: [String]) -> String {
      "| "
        + cells.map { $0.split(separator: "|", omittingEmptySubsequences: false).joined(separator: "\\|") }
        .joined(separator: " | ") + " |"
    }
    return ([line(head), line(head.map { _ in "---" })] + rows.map(line)).joined(separator: "\n") + "\n"
  }
}
