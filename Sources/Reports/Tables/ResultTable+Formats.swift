import Foundation
import Laboratory

extension ResultTable {
  /// Formats of a table: aligned text, Markdown, LaTeX, CSV, JSON.
  package enum Format: String, CaseIterable {
    /// Columns padded with spaces.
    case text
    /// Markdown.
    case md
    /// A LaTeX tabular.
    case tex
    /// Comma-separated values.
    case csv
    /// JSON, for programs.
    case json
  }

  /// The table in a format.
  package func text(as format: Format) -> String {
    switch format {
    case .text: plain
    case .md: markdown
    case .tex: latex
    case .csv: csv
    case .json: json
    }
  }

  /// Mean, standard deviation and number of runs, such as "0.63 ± 0.02 (3)"; "-" without measurement.
  private func written(_ cell: Cell?, sign: String) -> String {
    guard let cell else { return "-" }
    if let note = cell.note { return note }
    let deviation = cell.deviation.map { " \(sign) \(NumberFormat.short($0))" } ?? ""
    return "\(NumberFormat.short(cell.mean))\(deviation) (\(cell.count))"
  }

  private var heads: [String] {
    [""] + columns.map { $0.title + ($0.lowerIsBetter.map { $0 ? " ↓" : " ↑" } ?? "") }
  }

  private var plain: String {
    let rows =
      [heads]
      + cells.indices.map { row in
        [rowTitles[row]]
          + columns.indices.map { written(cells[row][$0], sign: "±") + (isBest(row, $0) ? " *" : "") }
      }
    let widths = heads.indices.map { column in rows.map { $0[column].count }.max() ?? 0 }
    let lines = rows.map { row in
      zip(row, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }.joined(separator: "  ")
    }
    return lines.map { String($0.reversed().drop { $0 == " " }.reversed()) }.joined(separator: "\n")
      + "\nmean ± standard deviation (n runs); * best\n"
  }

  private var markdown: String {
    func line(_ parts: [String]) -> String { "| " + parts.joined(separator: " | ") + " |" }
    let rows = cells.indices.map { row in
      line(
        [rowTitles[row]]
          + columns.indices.map {
            let text = written(cells[row][$0], sign: "±")
            return isBest(row, $0) ? "**\(text)**" : text
          })
    }
    return ([line(heads), line(["---"] + columns.map { _ in "---:" })] + rows).joined(separator: "\n") + "\n"
  }

  private var latex: String {
    func escaped(_ text: String) -> String {
      text.reduce(into: "") { $0 += "&%$#_{}".contains($1) ? "\\\($1)" : String($1) }
        .split(separator: "↓", omittingEmptySubsequences: false).joined(separator: "$\\downarrow$")
        .split(separator: "↑", omittingEmptySubsequences: false).joined(separator: "$\\uparrow$")
    }
    let rows = cells.indices.map { row in
      ([escaped(rowTitles[row])]
        + columns.indices.map {
          let text = written(cells[row][$0], sign: "$\\pm$")
          return isBest(row, $0) ? "\\textbf{\(text)}" : text
        }).joined(separator: " & ") + " \\\\"
    }
    return "\\begin{tabular}{l\(String(repeating: "r", count: columns.count))}\n\\hline\n"
      + heads.map(escaped).joined(separator: " & ") + " \\\\\n\\hline\n" + rows.joined(separator: "\n")
      + "\n\\hline\n\\end{tabular}\n"
  }

  private var csv: String {
    func numbers(_ cell: Cell?) -> [String] {
      guard let cell else { return ["", "", "0"] }
      if cell.notFinite > 0 { return ["nan", "nan", "\(cell.count)"] }
      return ["\(cell.mean)", cell.deviation.map { "\($0)" } ?? "", "\(cell.count)"]
    }
    let head: [String] = ["group"] + columns.flatMap { ["\($0.title) mean", "\($0.title) std", "\($0.title) n"] }
    let rows: [[String]] = cells.indices.map { row in [rowTitles[row]] + cells[row].flatMap(numbers) }
    return ([head] + rows).map { $0.map(Quoting.csv).joined(separator: ",") }.joined(separator: "\n") + "\n"
  }

  private struct Entry: Encodable {
    var group: String, metric: String, mean: Double?, std: Double?, n: Int, best: Bool, note: String?
  }

  private var json: String {
    let entries = cells.indices.flatMap { row in
      columns.indices.map { column in
        let cell = cells[row][column]
        return Entry(
          group: rowTitles[row], metric: columns[column].title, mean: cell?.mean, std: cell?.deviation,
          n: cell?.count ?? 0, best: isBest(row, column), note: cell?.note)
      }
    }
    return (try? JSON.encoded(entries)) ?? "[]\n"
  }
}
