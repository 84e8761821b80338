import ArgumentParser
import Laboratory

/// A limit of run time, in the notation of batch systems.
package struct TimeLimit: ExpressibleByArgument, Equatable, Sendable {
  /// Length in seconds, from 1 to ten years.
  package let seconds: Int

  /// Minutes ("90"), minutes:seconds, hours:minutes:seconds, days-hours or days-hours:minutes:seconds; or with a unit:
  /// "90s", "45m", "20h", "2d". Nil for everything else, and for nothing at all.
  package init?(argument text: String) {
    guard let seconds = Self.seconds(text), (1...Self.longest).contains(seconds) else { return nil }
    self.seconds = seconds
  }

  /// Ten years, in seconds.
  private static let longest = 3650 * 86_400

  private static func seconds(_ text: String) -> Int? {
    if let unit = text.last.flatMap({ ["s": 1, "m": 60, "h": 3600, "d": 86_400][$0] }) {
      return number(text.dropLast()).map { $0 * unit }
    }
    let halves = text.split(separator: "-", omittingEmptySubsequences: false)
    let parts = halves[halves.count - 1].split(separator: ":", omittingEmptySubsequences: false).map { number($0) }
    let numbers = parts.compactMap(\.self)
    guard halves.count < 3, numbers.count == parts.count, (1...3).contains(numbers.count) else { return nil }
    func sum(_ units: [Int]) -> Int { zip(numbers, units).reduce(0) { $0 + $1.0 * $1.1 } }
    guard halves.count == 2 else { return sum([[60], [60, 1], [3600, 60, 1]][numbers.count - 1]) }
    return number(halves[0]).map { $0 * 86_400 + sum([3600, 60, 1]) }
  }

  /// A number of at most nine digits, so that no unit overflows.
  private static func number(_ text: Substring) -> Int? {
    guard (1...9).contains(text.utf8.count), text.utf8.allSatisfy({ (48...57).contains($0) }) else { return nil }
    return Int(text)
  }

  /// Seconds until work stops to save: a twentieth before the limit, at most two minutes.
  package var workSeconds: Double { Double(seconds) - min(120, Double(seconds) / 20) }

  /// The limit in Slurm's form: "2:00:00", or "1-12:00:00" from a day on.
  package var text: String {
    func two(_ n: Int) -> String { n < 10 ? "0\(n)" : "\(n)" }
    let clock = "\(seconds / 3600 % 24):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
    return seconds < 86_400 ? clock : "\(seconds / 86_400)-\(clock)"
  }
}
