import Files
import Glibc
import Synchronization

/// Numbers along a run: /train/NAME [step], each series with a scale /train/NAME_step.
///
/// - attribute of the root: file_type "metrics"
/// - /GROUP/NAME [entries]: float64, without limit, in chunks of 512 with Fletcher's checksum
/// - /GROUP/NAME_step [entries]: float64, the step of each entry, attached as the dimension scale of its axis
///
/// An entry goes to a journal beside the file (`metrics.journal`, one `write` of a line), and `save` puts a new file
/// with all entries in place of the old one. So the file is whole at every moment, and its bytes depend on its entries
/// only, not on how often a run was interrupted. All reading here sees file and journal together.
public struct MetricsLog: Sendable {
  /// Path of the file, which the first `append` creates.
  public let path: String
  private let journal: MetricsJournal
  /// One save at a time: training saves in the background.
  private static let saving = Mutex(())
  /// Journals beyond 4 MiB, some 30,000 lines, are saved between checkpoints, too: reading a line takes 10 µs.
  private static let journalLimit = 1 << 22

  /// Names a file; nothing is opened.
  public init(_ path: String) {
    self.path = path
    journal = MetricsJournal(beside: path)
  }

  /// Adds one number to each of some series, in place of one that has the same step already.
  public func append(_ group: String, step: Int, _ values: [(name: String, value: Double)]) throws(StorageError) {
    let size = try journal.append(.entries(group: group, step: Double(step), values))
    // From the first entry on there is a file to open.
    if size > Self.journalLimit || access(path, F_OK) != 0 { try save() }
  }

  /// Forgets what lies after `step`: a resumed run writes it again.
  public func rewind(_ group: String, to step: Int) throws(StorageError) {
    guard try content().hasEntries(in: group, after: Double(step)) else { return try save() }
    _ = try journal.append(.rewind(group: group, step: Double(step)))
    try save()
  }

  /// Puts everything that the journal holds into the file, which is replaced as a whole and on the disk afterwards.
  public func save() throws(StorageError) {
    try Self.saving.withLock { _ throws(StorageError) in
      let (records, length) = try journal.records()
      guard length > 0 else { return }
      try content(with: records).write(to: path)
      try journal.removeFirst(length)
    }
  }

  /// Names of the series of a group.
  public func names(in group: String) throws(StorageError) -> [String] {
    try content().groups.first { $0.name == group }?.series.map(\.name) ?? []
  }

  /// One series: steps and numbers. Empty where there is none.
  public func series(_ group: String, _ name: String) throws(StorageError) -> [(step: Double, value: Double)] {
    guard let series = try content(only: name).groups.first(where: { $0.name == group })?.series.first else {
      return []
    }
    return Array(zip(series.steps, series.values)).map { ($0, $1) }
  }

  /// File and journal together; `only` limits it to series of one name.
  private func content(only: String? = nil) throws(StorageError) -> MetricsContent {
    // The journal first: what a save moves into the file meanwhile is then seen twice, and not never.
    try content(with: try journal.records().records, only: only)
  }

  private func content(with records: [MetricsJournal.Record], only: String? = nil) throws(StorageError)
    -> MetricsContent
  {
    var content = access(path, F_OK) == 0 ? try MetricsContent(from: path, only: only) : MetricsContent()
    for record in records { content.apply(record, only: only) }
    return content
  }
}
