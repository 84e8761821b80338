import Laboratory

extension Comparison {
  /// Formats of a comparison: aligned text, Markdown, JSON.
  package enum Format: String, CaseIterable {
    /// Columns padded with spaces.
    case text
    /// Markdown.
    case md
    /// JSON, for programs.
    case json
  }

  /// The comparison in a format.
  package func text(as format: Format) -> String {
    switch format {
    case .text:
      written {
        $0.text
      } heading: {
        "\($0)\n"
      }
    case .md:
      written {
        $0.markdown
      } heading: {
        "## \($0)\n\n"
      }
    case .json: json.lines + "\n"
    }
  }

  /// The name of a side in tables: "A", "B", ... "Z", "27".
  package static func letter(_ index: Int) -> String {
    index < 26 ? String(UnicodeScalar(UInt8(65 + index))) : "\(index + 1)"
  }

  private var letters: [String] { sides.indices.map(Self.letter) }

  private func written(_ table: (TextTable) -> String, heading: (String) -> String) -> String {
    let names = TextTable(
      head: ["", "", "runs", "state"],
      rows: sides.enumerated().map { index, side in
        var states: [String] = []
        for run in side.runs where !states.contains(run.state.kind.rawValue) { states.append(run.state.kind.rawValue) }
        return [letters[index], side.title, "\(side.runs.count)", states.joined(separator: ", ")]
      })
    let parts = [
      ("Configuration", configuration, "the same"), ("Environment", environment, "the same"),
      ("Inputs and what was trained", inputs, "the same"),
    ].map { title, differences, none in
      heading(title)
        + (differences.isEmpty
          ? none + "\n"
          : table(TextTable(head: [""] + letters, rows: differences.map { [$0.name] + $0.values })))
    }
    return ([table(names)] + parts + [heading("Results") + results(table)]).joined(separator: "\n")
  }

  private func results(_ table: (TextTable) -> String) -> String {
    guard !outcomes.isEmpty else { return "no measurements\n" }
    let isPair = sides.count == 2
    let rows = outcomes.map { outcome in
      [outcome.metric + (outcome.lowerIsBetter.map { $0 ? " ↓" : " ↑" } ?? "")]
        + outcome.cells.enumerated().map { index, cell in
          Self.written(cell) + (outcome.best == index ? " *" : "")
        }
        + (isPair ? [outcome.difference.map { Self.signed($0.mean, $0.deviation) } ?? "-"] : [])
    }
    return table(TextTable(head: [""] + letters + (isPair ? ["B - A"] : []), rows: rows))
      + "\nmean ± standard deviation (n runs); * best\n"
  }

  /// Mean, standard deviation and number of runs, such as "0.63 ± 0.02 (3)"; "-" without measurement.
  package static func written(_ cell: ResultTable.Cell?) -> String {
    guard let cell else { return "-" }
    if let note = cell.note { return note }
    return
      "\(NumberFormat.short(cell.mean))\(cell.deviation.map { " ± \(NumberFormat.short($0))" } ?? "") (\(cell.count))"
  }

  /// A difference with its sign, such as "+0.63 ± 0.02".
  package static func signed(_ mean: Double, _ deviation: Double?) -> String {
    guard mean.isFinite else { return NumberFormat.short(mean) }
    return "\(mean < 0 ? "-" : "+")\(NumberFormat.short(mean.magnitude))"
      + (deviation.map { " ± \(NumberFormat.short($0))" } ?? "")
  }

  private var json: JSON {
    func list(_ differences: [Difference]) -> JSON {
      .list(differences.map { .object([("name", .text($0.name)), ("values", .list($0.values.map { .text($0) }))]) })
    }
    return .object([
      (
        "sides",
        .list(
          sides.map { side in
            .object([
              ("title", .text(side.title)), ("runs", .list(side.runs.map { .text($0.folder) })),
              ("states", .list(side.runs.map { .text($0.state.kind.rawValue) })),
            ])
          })
      ),
      ("configuration", list(configuration)), ("environment", list(environment)), ("inputs", list(inputs)),
      (
        "results",
        .list(
          outcomes.map { outcome in
            .object([
              ("metric", .text(outcome.metric)),
              ("lower-is-better", outcome.lowerIsBetter.map { .bool($0) } ?? .null),
              (
                "values",
                .list(
                  outcome.cells.map { cell in
                    guard let cell else { return .null }
                    return .object(
                      [
                        ("mean", .number(cell.mean)), ("std", cell.deviation.map { .number($0) } ?? .null),
                        ("n", .number(Double(cell.count))),
                      ] + (cell.note.map { [("note", .text($0))] } ?? []))
                  })
              ),
              ("best", outcome.best.map { .number(Double($0)) } ?? .null),
              ("difference", outcome.difference.map { .number($0.mean) } ?? .null),
            ])
          })
      ),
    ])
  }
}
