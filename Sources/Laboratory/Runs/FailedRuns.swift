/// The runs of a sweep that failed, for the summary at its end.
struct FailedRuns {
  /// Runs of the sweep.
  let count: Int
  /// A line for each that failed.
  private var lines: [String] = []

  /// No failure among `count` runs.
  init(count: Int) { self.count = count }

  /// Adds a run with its reason: "failed: …", "crashed: signal 11 (…)".
  mutating func add(_ spec: RunSpec, _ reason: String) {
    // The excerpt below a message of settings stays in the log.
    lines.append("  \(spec.title): \(reason.prefix { $0 != "\n" })")
  }

  /// Throws an error with the list, if there is any failure.
  func check() throws {
    guard !lines.isEmpty else { return }
    throw LaboratoryError(
      "\(lines.count) of \(count) runs failed; the same command tries them again:\n" + lines.joined(separator: "\n"))
  }
}
