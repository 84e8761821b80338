import Foundation
import Settings

/// What an experiment file expects of its result: "psnr: full > band > none", or "psnr: full in [20, 25]".
///
/// Names left and right are variants. A difference counts only when it is larger than the spread over seeds:
/// the root of the sum of both variances. With one seed the spread is unknown, which the verdict says.
package struct Expectation: Equatable {
  enum Order: Equatable { case descending, ascending }
  enum Content: Equatable {
    case order([String], Order)
    case band(String, ClosedRange<Double>)
  }
  package enum Outcome: String {
    case holds, doesNotHold = "does not hold", withinNoise = "within noise", unknown = "not measured"
  }

  let text: String
  package let metric: String
  let content: Content

  package init(_ text: String, at location: FileLocation) throws(SettingsError) {
    self.text = text
    let form = "write a claim as \"psnr: full > band\" or \"psnr: full in [20, 25]\"."
    // A metric's own name may hold a colon-free bracket, "FD[randconv64-v1]"; the first ": " ends it.
    guard let colon = text.range(of: ": ") else { throw .unsuitable(location, why: "'\(text)' is no claim; \(form)") }
    metric = String(text[..<colon.lowerBound])
    let rest = String(text[colon.upperBound...])
    if let inside = rest.range(of: " in [") {
      let bounds = rest[inside.upperBound...].dropLast().split(separator: ",").compactMap {
        Double($0.trimmingCharacters(in: .whitespaces))
      }
      guard rest.hasSuffix("]"), bounds.count == 2, bounds[0] <= bounds[1] else {
        throw .unsuitable(location, why: "'\(text)' is no claim; \(form)")
      }
      content = .band(String(rest[..<inside.lowerBound]).trimmingCharacters(in: .whitespaces), bounds[0]...bounds[1])
      return
    }
    for (sign, order) in [(" > ", Order.descending), (" < ", Order.ascending)] where rest.contains(sign) {
      content = .order(rest.components(separatedBy: sign).map { $0.trimmingCharacters(in: .whitespaces) }, order)
      return
    }
    throw .unsuitable(location, why: "'\(text)' is no claim; \(form)")
  }

  package var names: [String] {
    switch content {
    case .order(let names, _): names
    case .band(let name, _): [name]
    }
  }

  /// An expectation with its outcome and the numbers behind it.
  package struct Result {
    package let text: String
    package let outcome: Outcome
    package let numbers: String
  }

  /// Evaluates the expectation on a table whose rows are variants.
  package func evaluated(on table: ResultTable) -> Result {
    let (outcome, numbers) = comparison(in: table)
    return Result(text: text, outcome: outcome, numbers: numbers)
  }

  /// The outcome with the numbers behind it.
  private func comparison(in table: ResultTable) -> (outcome: Outcome, numbers: String) {
    guard let column = table.columns.firstIndex(where: { $0.title == metric }) else {
      return (.unknown, "no run measured \(metric)")
    }
    let cells = names.map { name in table.rowTitles.firstIndex(of: name).flatMap { table.cells[$0][column] } }
    let numbers = zip(names, cells).map { name, cell in
      "\(name) "
        + (cell.map {
          "\(NumberFormat.short($0.mean))\($0.deviation.map { " ± \(NumberFormat.short($0))" } ?? "") (n=\($0.count))"
        } ?? "-")
    }.joined(separator: ", ")
    let found = cells.compactMap { $0 }
    guard found.count == cells.count else { return (.unknown, numbers) }
    switch content {
    case .band(_, let band): return (band.contains(found[0].mean) ? .holds : .doesNotHold, numbers)
    case .order(_, let order):
      var outcome = Outcome.holds
      for (a, b) in zip(found, found.dropFirst()) {
        let gap = order == .descending ? a.mean - b.mean : b.mean - a.mean
        let spread = a.deviation.flatMap { a in b.deviation.map { (a * a + $0 * $0).squareRoot() } } ?? 0
        if gap <= -spread && gap < 0 { return (.doesNotHold, numbers) }
        if gap <= spread { outcome = .withinNoise }
      }
      let isSingle = found.contains { $0.count < 2 }
      return (outcome, numbers + (isSingle ? "; one seed, spread unknown" : ""))
    }
  }
}
