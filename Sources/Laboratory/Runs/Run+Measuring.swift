import Autoregression
import Networks
import Storage
import Tensors

extension Run {
  /// Measures, and keeps the numbers in the run's folder.
  func evaluate() throws {
    guard let (values, count) = try measurements() else { return }
    for value in values { journal.say("\(value.name): \(NumberFormat.short(value.value)) (\(count) images)") }
    try keep(values, count)
  }

  /// Makes numbers the run's own.
  package func keep(_ values: [Autoregression.Measurement], _ count: Int) throws {
    try MetricsLog("\(folder)/metrics.h5").rewind("eval", to: assembly.training.steps - 1)
    try MetricsLog("\(folder)/metrics.h5").append(
      "eval", step: assembly.training.steps, values.map { ($0.name, $0.value) })
    try RunResult(
      experiment: assembly.name, variant: variant, seed: Int(assembly.seed), configuration: assembly.fingerprint,
      settings: assembly.settings.values,
      measurements: values.map {
        RunResult.Number(name: $0.name, value: $0.value, lowerIsBetter: $0.lowerIsBetter, count: count)
      }
    ).write(to: folder)
  }

  /// What the metrics say, and of how many images; nil where nothing is to be measured.
  package func measurements() throws -> ([Autoregression.Measurement], count: Int)? {
    let count = min(assembly.evaluation.count, assembly.dataset.count),
      classes = max(1, assembly.dataset.classNames.count)
    guard count > 0, !assembly.metrics.isEmpty else { return nil }
    var metrics = assembly.metrics, done = 0
    let rows = stratifiedRows(count, over: assembly.dataset.count), start = MonotonicClock.seconds
    while done < count {
      let part = Array(rows[done..<min(count, done + assembly.sampling.batch)])
      let batch = try assembly.dataset.batch(part, flipped: Array(repeating: false, count: part.count))
      var random = Random(seed: assembly.seed, samples: Array(done..<done + part.count))
      let again = reconstructed(batch.images, &random)
      let asked = MonotonicClock.seconds
      let made =
        metrics.contains { $0.subject == .samples }
        ? try paint(part.indices.map { (done + $0) % classes }, from: done, seed: assembly.seed &+ 1) : nil
      let taken = MonotonicClock.seconds - asked
      for index in metrics.indices {
        switch metrics[index].subject {
        case .reconstructions: metrics[index].observe(again, beside: batch.images)
        case .samples:
          guard let made else { continue }
          metrics[index].timed(seconds: taken, images: part.count)
          metrics[index].observe(made, beside: batch.images)
        }
      }
      done += part.count
      journal.progress(
        Progress(
          stage: "evaluation", done: done, total: count, details: ["\(metrics.count) metrics"],
          rate: Double(done) / (MonotonicClock.seconds - start),
          secondsPerStep: (MonotonicClock.seconds - start) / Double(done)))
      if Interruption.isRequested {
        throw Stopped(description: "stopped while measuring; the same command goes on from there.")
      }
    }
    return (metrics.flatMap { $0.values() }, count)
  }
}
