import Autoregression
import Foundation
import Tensors

/// Batches of images that threads of their own read and decode ahead of use.
///
/// A plan says which batches come next. Whatever it says, `batch` returns what it is asked for: a batch that was not
/// foreseen is read at once, on the calling thread. An error of a batch read ahead is thrown where the batch is needed.
/// At most `ahead` batches are in memory beside the one in use.
package final class BatchLoader: @unchecked Sendable {
  /// Images by index, each cut as its augmentation says.
  package struct Request: Equatable, Sendable {
    let rows: [Int]
    let augmented: [Augmentation]

    /// A request; as many augmentations as rows.
    package init(rows: [Int], augmented: [Augmentation]) { (self.rows, self.augmented) = (rows, augmented) }
  }

  /// A batch that is being read, in parts.
  private final class Job {
    let request: Request
    /// The samples of each part.
    let parts: [Range<Int>]
    var started = 0
    var results: [Int: Result<Batch, DataError>] = [:]
    var isDone: Bool { results.count == parts.count }

    init(_ request: Request, parts count: Int) {
      self.request = request
      let rows = request.rows.count, step = max(1, (rows + count - 1) / count)
      parts = stride(from: 0, to: rows, by: step).map { $0..<min(rows, $0 + step) }
    }
  }

  /// Batches that are read ahead.
  static let ahead = 2

  private let images: DatasetSplit
  private let threads: Int
  private let condition = NSCondition()
  // Guarded by `condition`.
  private var plan: ((Int) -> Request?)?
  private var planned = 0
  private var jobs: [Job] = []
  private var running = 0
  private var isStopped = false

  /// A loader with a number of threads, which start with the first foreseen batch.
  package init(_ images: DatasetSplit, threads: Int = ThreadPool.shared.threads) {
    (self.images, self.threads) = (images, max(1, threads))
  }

  /// Foresees the requests 0, 1, ... that a plan returns, up to its first nil. Images that are in memory are not read
  /// ahead.
  package func expect(_ plan: @escaping (Int) -> Request?) {
    guard images.isStreamed else { return }
    stop()
    condition.withLock { (self.plan, planned, isStopped) = (plan, 0, false) }
  }

  /// Ends all threads, once they have read what they have begun.
  package func stop() {
    condition.lock()
    defer { condition.unlock() }
    isStopped = true
    (plan, jobs) = (nil, [])
    condition.broadcast()
    while running > 0 { condition.wait() }
  }

  /// Returns images by index. Throws the error of the first that cannot be read.
  package func batch(_ rows: [Int], augmented: [Augmentation]) throws(DataError) -> Batch {
    let request = Request(rows: rows, augmented: augmented)
    guard let job = takeJob(request) else { return try images.batch(rows, augmented: augmented) }
    var batches: [Batch] = []
    for part in job.parts.indices {
      switch job.results[part] {
      case .success(let batch): batches.append(batch)
      case .failure(let error): throw error
      case nil: throw DataError("reading images was stopped.")
      }
    }
    guard batches.count > 1 else { return batches[0] }
    let shape = [rows.count] + batches[0].images.shape.dropFirst()
    return Batch(images: Tensor(shape, batches.flatMap { $0.images.scalars }), labels: batches.flatMap(\.labels))
  }

  /// Returns the job of a request once it is done; nil where it was not foreseen.
  private func takeJob(_ request: Request) -> Job? {
    condition.lock()
    defer { condition.unlock() }
    if jobs.isEmpty { addJob() }
    guard let job = jobs.first, job.request == request else { return nil }
    startThreads()
    while !job.isDone && !isStopped { condition.wait() }
    if !jobs.isEmpty { jobs.removeFirst() }
    condition.broadcast()
    return job
  }

  /// Adds the next job of the plan, if any.
  private func addJob() {
    guard let request = plan?(planned), !request.rows.isEmpty else { return }
    planned += 1
    jobs.append(Job(request, parts: threads))
  }

  private func startThreads() {
    while running < threads {
      running += 1
      Thread.detachNewThread { [self] in work() }
    }
  }

  /// The loop of a thread.
  private func work() {
    condition.lock()
    defer {
      running -= 1
      condition.broadcast()
      condition.unlock()
    }
    while !isStopped {
      guard let job = jobs.first(where: { $0.started < $0.parts.count }) else {
        let count = jobs.count
        if count <= Self.ahead { addJob() }
        if jobs.count == count { condition.wait() }
        continue
      }
      let part = job.started, range = job.parts[part]
      job.started += 1
      let rows = Array(job.request.rows[range]), augmented = Array(job.request.augmented[range])
      condition.unlock()
      let result: Result<Batch, DataError>
      do throws(DataError) { result = .success(try images.batch(rows, augmented: augmented)) } catch {
        result = .failure(error)
      }
      condition.lock()
      job.results[part] = result
      if job.isDone { condition.broadcast() }
    }
  }
}

/// The batches of a training from one step on.
struct BatchPlan {
  private var order: BatchOrder
  private let configuration: TrainingConfiguration
  private let seed: UInt64
  private let first: Int

  /// The batches from step `first` to the last.
  init(_ order: BatchOrder, _ configuration: TrainingConfiguration, seed: UInt64, from first: Int) {
    (self.order, self.configuration, self.seed, self.first) = (order, configuration, seed, first)
  }

  /// Returns the batch that comes `index` steps after the first; nil after the last step.
  mutating func request(_ index: Int) -> BatchLoader.Request? {
    let step = first + index
    guard step < configuration.steps else { return nil }
    var random = Random(seed: seed, step: step, samples: Array(0..<configuration.batch))
    return BatchLoader.Request(
      rows: order.rows(at: step), augmented: configuration.augmentation.draws(configuration.batch, &random))
  }
}
