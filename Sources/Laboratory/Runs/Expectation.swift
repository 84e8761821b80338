import Foundation
import Settings

/// An expected result of an experiment, an entry of `expect`: "psnr: full > band > none", or "psnr: full in [20, 25]".
///
/// The names are variants. A difference of two means counts only where it exceeds the standard deviation of the
/// difference over seeds: the root of the sum of both variances. With one seed that is unknown, which the numbers say.
package struct Expectation: Equatable {
  /// The order in which the means are expected.
  enum Order: Equatable { case descending, ascending }
  /// An order of variants, or an interval for one variant.
  enum Content: Equatable {
    case order([String], Order)
    case interval(String, ClosedRange<Double>)
  }
  /// The result of a comparison with measurements.
  package enum Outcome: String {
    /// The difference exceeds the deviation over seeds, in the expected order.
    case holds
    /// The difference exceeds the deviation over seeds, in the other order; or a mean lies outside its interval.
    case doesNotHold = "does not hold"
    /// The deviation over seeds exceeds the difference.
    case withinNoise = "within noise"
    /// A metric or variant has no measurement.
    case unknown = "not measured"
  }

  /// The entry as it stands in the file.
  let text: String
  /// The metric's name.
  package let metric: String
  /// The parsed entry.
  let content: Content

  /// Parses an entry; throws where it is of neither form, at the part that is not.
  package init(_ text: String, at location: FileLocation) throws(SettingsError) {
    self.text = text
    func refusal(at index: String.Index) -> SettingsError {
      .unsuitable(
        location.inside(text, at: text.unicodeScalars.distance(from: text.startIndex, to: index)),
        why: "'\(text)' is no expectation; write it as \"psnr: full > band\" or \"psnr: full in [20, 25]\".")
    }
    // A metric's own name may hold a bracket, "FD[randconv64-v1]"; the first ": " ends it.
    guard let colon = text.range(of: ": "), colon.lowerBound > text.startIndex else {
      throw refusal(at: text.startIndex)
    }
    metric = String(text[..<colon.lowerBound])
    let rest = text[colon.upperBound...]
    if let inside = rest.range(of: " in [") {
      let bounds = rest[inside.upperBound...].dropLast().split(separator: ",", omittingEmptySubsequences: false).map {
        Double($0.trimmingCharacters(in: .whitespaces))
      }
      let name = rest[..<inside.lowerBound].trimmingCharacters(in: .whitespaces)
      guard rest.hasSuffix("]"), bounds.count == 2, let low = bounds[0], let high = bounds[1], low <= high else {
        throw refusal(at: text.index(before: inside.upperBound))
      }
      guard !name.isEmpty else { throw refusal(at: rest.startIndex) }
      content = .interval(name, low...high)
      return
    }
    let signs = [(" > ", Order.descending), (" < ", Order.ascending)].filter { rest.contains($0.0) }
    guard let (sign, order) = signs.first, signs.count == 1 else {
      throw refusal(at: signs.last.flatMap { rest.range(of: $0.0)?.lowerBound } ?? rest.startIndex)
    }
    let names = rest.components(separatedBy: sign).map { $0.trimmingCharacters(in: .whitespaces) }
    guard !names.contains(""), Set(names).count == names.count else { throw refusal(at: rest.startIndex) }
    content = .order(names, order)
  }

  /// Throws where a name is no variant, or the metric none that its variants measure.
  ///
  /// `variants` holds the names of all variants with the measurements that each gives, known before anything runs.
  func check(against variants: [(name: String, measurements: [String])], at location: FileLocation)
    throws(SettingsError)
  {
    let known = variants.map(\.name)
    var start = text.range(of: ": ")?.upperBound ?? text.startIndex
    for name in names {
      let found = text.range(of: name, range: start..<text.endIndex) ?? start..<start
      start = found.upperBound
      guard !known.contains(name) else { continue }
      let all =
        known.allSatisfy(\.isEmpty)
        ? "nothing varies in this experiment" : "there are \(known.joined(separator: ", "))"
      throw .unsuitable(
        position(found.lowerBound, location),
        why: "'\(text)' names '\(name)', which is no variant; \(all).\(Self.suggestion(name, known))")
    }
    for (name, measurements) in variants where names.contains(name) && !measurements.contains(metric) {
      let all =
        measurements.isEmpty
        ? "it has no 'metrics'" : "its 'metrics' measure \(measurements.joined(separator: ", "))"
      throw .unsuitable(
        position(text.startIndex, location),
        why: "'\(text)' names '\(metric)', which variant '\(name)' does not measure; \(all)."
          + Self.suggestion(metric, measurements))
    }
  }

  /// The location of a character of the entry.
  private func position(_ index: String.Index, _ location: FileLocation) -> FileLocation {
    location.inside(text, at: text.unicodeScalars.distance(from: text.startIndex, to: index))
  }

  /// " Did you mean 'psnr'?" for a near name or one that begins alike; empty without one.
  private static func suggestion(_ name: String, _ known: [String]) -> String {
    let alike = known.first { $0.lowercased().hasPrefix(name.lowercased()) }
    return (nearest(name, among: known) ?? alike).map { " Did you mean '\($0)'?" } ?? ""
  }

  /// The variants that the entry compares.
  package var names: [String] {
    switch content {
    case .order(let names, _): names
    case .interval(let name, _): [name]
    }
  }

  /// An expectation with its outcome and the numbers behind it.
  package struct Result {
    /// The entry as it stands in the file.
    package let text: String
    /// The result of the comparison.
    package let outcome: Outcome
    /// "full 21.3 ± 0.2 (n=3), band 20.9 ± 0.1 (n=3)".
    package let numbers: String

    /// The outcome of an entry.
    package init(text: String, outcome: Outcome, numbers: String) {
      (self.text, self.outcome, self.numbers) = (text, outcome, numbers)
    }
  }

  /// Evaluates the expectation on a table whose rows are variants.
  package func evaluated(on table: ResultTable) -> Result {
    guard let column = table.columns.firstIndex(where: { $0.title == metric }) else {
      return Result(text: text, outcome: .unknown, numbers: "no run measured \(metric)")
    }
    let cells = names.map { name in table.rowTitles.firstIndex(of: name).flatMap { table.cells[$0][column] } }
    let numbers = zip(names, cells).map { "\($0) \($1.map(Self.written) ?? "-")" }.joined(separator: ", ")
    let found = cells.compactMap { $0 }
    // A mean with a value that is not finite is none.
    guard found.count == cells.count, found.allSatisfy({ $0.notFinite == 0 }) else {
      return Result(text: text, outcome: .unknown, numbers: numbers)
    }
    switch content {
    case .interval(_, let interval):
      return Result(text: text, outcome: interval.contains(found[0].mean) ? .holds : .doesNotHold, numbers: numbers)
    case .order(_, let order):
      let hasSingle = found.contains { $0.count < 2 }
      return Result(
        text: text, outcome: Self.outcome(of: found, order),
        numbers: numbers + (hasSingle ? "; one seed, deviation unknown" : ""))
    }
  }

  /// "21.3 ± 0.2 (n=3)".
  private static func written(_ cell: ResultTable.Cell) -> String {
    let deviation = cell.deviation.map { " ± \(NumberFormat.short($0))" } ?? ""
    return cell.note ?? "\(NumberFormat.short(cell.mean))\(deviation) (n=\(cell.count))"
  }

  /// Compares each cell with the next.
  private static func outcome(of cells: [ResultTable.Cell], _ order: Order) -> Outcome {
    var outcome = Outcome.holds
    for (a, b) in zip(cells, cells.dropFirst()) {
      let gap = order == .descending ? a.mean - b.mean : b.mean - a.mean
      let deviation = a.deviation.flatMap { a in b.deviation.map { (a * a + $0 * $0).squareRoot() } } ?? 0
      if gap <= -deviation && gap < 0 { return .doesNotHold }
      if gap <= deviation { outcome = .withinNoise }
    }
    return outcome
  }
}
