import Dispatch
import Storage

/// Writes checkpoints beside the training, one at a time: a step does not wait for the disk.
///
/// What is written are the numbers of the step that asked: tensors are values, and a training that changes them while
/// they are held here changes copies. A write that failed is told at the next one.
final class CheckpointWriter {
  // Written by the queue, read after the group was waited for.
  private final class Outcome: @unchecked Sendable { var error: (any Error)? }

  private let queue = DispatchQueue(label: "checkpoint"), group = DispatchGroup(), outcome = Outcome()

  /// Begins to write, once what was begun before is on the disk.
  func write(_ checkpoint: Checkpoint, to path: String) throws {
    try finish()
    queue.async(group: group) { [outcome] in
      do { try checkpoint.write(to: path, compressed: false) } catch { outcome.error = error }
    }
  }

  /// Waits until everything is on the disk.
  func finish() throws {
    group.wait()
    guard let error = outcome.error else { return }
    outcome.error = nil
    throw error
  }
}
