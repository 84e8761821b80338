import Dispatch
import Storage

/// Saves a training in the background, one save at a time, so that a step does not wait for the disk.
///
/// A write holds the tensors of the step that began it: tensors are values, and a training that changes them meanwhile
/// changes copies. The error of a failed write is thrown by the next call.
final class CheckpointWriter {
  // Written by the queue, read after the group was waited for.
  private final class Outcome: @unchecked Sendable { var error: (any Error)? }

  /// The queue of writes, the group that waits for them, and their error.
  private let queue = DispatchQueue(label: "checkpoint"), group = DispatchGroup(), outcome = Outcome()

  /// Begins a write, once the previous one is on the disk: of the metrics first, which go at least as far as the
  /// checkpoint in whatever state a crash leaves both.
  func write(_ checkpoint: Checkpoint, to path: String, after metrics: MetricsLog) throws {
    try finish()
    queue.async(group: group) { [outcome] in
      do {
        try metrics.save()
        try checkpoint.write(to: path, compressed: false)
      } catch { outcome.error = error }
    }
  }

  /// Waits until everything is on the disk; throws the error of the last write.
  func finish() throws {
    group.wait()
    guard let error = outcome.error else { return }
    outcome.error = nil
    throw error
  }
}
