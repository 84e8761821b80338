import Autoregression
import Networks
import Tensors

/// Metrics of an experiment's trained networks.
package struct Evaluation {
  /// A value for each quantity of each metric.
  package let measurements: [Autoregression.Measurement]
  /// Images that were compared.
  package let count: Int
  /// The split of the data set that they were compared with.
  package let split: Split
}

/// Evaluates the metrics of an experiment on reconstructed and generated images.
struct Evaluator {
  let assembly: Assembly
  let journal: Journal

  /// Compares `evaluation.count` images with the data set; nil where there is nothing to measure. Throws `Stopped`
  /// after a requested stop.
  func evaluation() throws -> Evaluation? {
    let images = assembly.dataset.images(of: assembly.evaluation.split)
    let count = min(assembly.evaluation.count, images.count)
    guard count > 0, !assembly.metrics.isEmpty else { return nil }
    var metrics = assembly.metrics, done = 0
    let rows = stratifiedRows(count, over: images.count), start = MonotonicClock.seconds
    while done < count {
      let part = Array(rows[done..<min(count, done + assembly.sampling.batch)])
      try observe(part, of: images, from: done, by: &metrics)
      done += part.count
      journal.progress(
        Progress(
          stage: "evaluation", done: done, total: count, details: ["\(metrics.count) metrics"],
          seconds: MonotonicClock.seconds - start, for: done))
      if Interruption.isRequested { throw Stopped("stopped while measuring") }
    }
    return Evaluation(measurements: metrics.flatMap { $0.values() }, count: count, split: images.split)
  }

  /// Shows one batch to the metrics; `first` is the index of its first image among those that are compared.
  private func observe(_ rows: [Int], of images: DatasetSplit, from first: Int, by metrics: inout [any Metric]) throws {
    let sampler = Sampler(assembly, journal), classes = max(1, assembly.dataset.classNames.count)
    let batch = try images.batch(rows)
    var random = Random(seed: assembly.seed, samples: Array(first..<first + rows.count))
    let reconstructions = try sampler.reconstructions(of: batch.images, from: first, &random)
    let start = MonotonicClock.seconds
    let labels = rows.indices.map { (first + $0) % classes }
    let samples =
      metrics.contains { $0.subject == .samples }
      ? try sampler.images(of: labels, from: first, seed: assembly.seed &+ 1) : nil
    let seconds = MonotonicClock.seconds - start
    for index in metrics.indices {
      switch metrics[index].subject {
      case .reconstructions: metrics[index].observe(reconstructions, beside: batch.images)
      case .samples:
        guard let samples else { continue }
        metrics[index].timed(seconds: seconds, images: rows.count)
        metrics[index].observe(samples, beside: batch.images)
      }
    }
  }
}
