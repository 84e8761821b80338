import Autoregression
import Foundation
import Networks
import Settings
import Tensors

/// What is timed; the section `bench` of an experiment.
struct BenchConfiguration {
  var measure: Bench.Measure
  var batch: Int

  init(_ settings: inout Settings) throws(SettingsError) {
    measure = try settings["measures", default: .training, about: "what one repetition is"]
    batch = try settings["batch", default: 64, in: 1...65_536, about: "images of one repetition"]
  }
}

/// One timed case: an experiment file with a section `bench` that says what is timed.
///
/// Data are fixed random numbers, nothing is read or written, and every result is checked before a time is given.
package final class Bench {
  /// What one repetition is.
  enum Measure: String, Setting, CaseIterable {
    /// A step of the model: forward, backward, optimizer.
    case training
    /// A step of the tokenizer.
    case tokenizer
    /// A batch of latents from nothing.
    case sampling
  }

  package let name: String
  let measure: Measure
  package let batch: Int
  private var assembly: Assembly
  private var optimizer: Optimizer
  private var average: MovingAverage?
  private let images: Tensor
  private let latent: Tensor
  private let labels: [Int]
  private var steps = 0
  /// The loss of the fixed draws before the first step; the latents of the first repetition.
  private var before: Float?
  private var first: Tensor?

  /// Reads a case by its path, or by its name from Experiments/bench.
  package init(_ file: String, overrides: [String]) throws {
    let path = file.hasSuffix(".yaml") ? file : "Experiments/bench/\(file).yaml"
    name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    var settings = try Settings(file: path, overrides: overrides)
    var section = try settings.section("bench", about: "what is timed")
    let timing = try BenchConfiguration(&section)
    (measure, batch) = (timing.measure, timing.batch)
    assembly = try Assembly(settings, name: name, registry: Registry.linked())
    let plan = measure == .tokenizer ? assembly.tokenizerTraining : assembly.training
    let trained = measure == .tokenizer ? assembly.tokenizer.parameters : assembly.model.parameters
    let parameters = trained.map(\.parameter)
    optimizer = Optimizer(parameters, rule: plan.rule, clip: plan.clip)
    average = plan.average > 0 ? MovingAverage(of: parameters, rate: plan.average) : nil
    var random = Random(seed: 1, samples: Array(0..<batch))
    let images = random.uniform([batch, assembly.images.height, assembly.images.width, 3], "images") * 2 - 1
    self.images = images
    let tokenizer = assembly.tokenizer
    let shape = withoutGradients { tokenizer.encode(images, &random).shape }
    latent = random.normal([batch] + shape.dropFirst(), "latents")
    let classes = assembly.classes
    labels = (0..<batch).map { $0 % classes }
  }

  /// One repetition; gives its seconds.
  package func repetition() throws -> Double {
    if measure != .sampling && before == nil { before = probe() }
    let start = MonotonicClock.seconds
    switch measure {
    case .training, .tokenizer:
      let norm = try step()
      let seconds = MonotonicClock.seconds - start
      guard norm.isFinite, norm > 0 else { throw LaboratoryError("\(name): the gradients have norm \(norm).") }
      return seconds
    case .sampling:
      var random = Random(seed: 2, samples: Array(0..<batch))
      let made = try assembly.model.generate(labels, assembly.sampling.guidance, &random)
      let seconds = MonotonicClock.seconds - start
      guard made.isFinite, made.shape == latent.shape else {
        throw LaboratoryError("\(name): latents of shape \(made.shape) are not finite or not \(latent.shape).")
      }
      if let first, first.distance(to: made) != 0 {
        throw LaboratoryError("\(name): two repetitions with the same seed differ.")
      }
      first = made
      return seconds
    }
  }

  /// What must hold after all repetitions: training has lowered the loss of fixed draws.
  package func check() throws {
    guard let before, steps > 0 else { return }
    let after = probe()
    guard after.isFinite, after < before else {
      throw LaboratoryError("\(name): after \(steps) steps the loss went from \(before) to \(after); it must fall.")
    }
  }

  private func probe() -> Float {
    withoutGradients {
      var random = Random(seed: 3, samples: Array(0..<batch))
      return loss(&random)?.scalar ?? .nan
    }
  }

  private func loss(_ random: inout Random) -> Tensor? {
    measure == .tokenizer
      ? assembly.tokenizer.trainingLoss(images, laidOutBy: assembly.direction, &random)?.total
      : assembly.model.trainingLoss(latent, labels, progress: 0, &random).mean
  }

  private func step() throws -> Double {
    var random = Random(seed: 1, step: steps, samples: Array(0..<batch))
    guard let total = loss(&random) else { throw LaboratoryError("\(name): this tokenizer is not trained.") }
    let plan = measure == .tokenizer ? assembly.tokenizerTraining : assembly.training
    let norm = optimizer.step(total, rate: plan.rate.peak)
    steps += 1
    average?.update(from: optimizer.parameters, step: steps)
    return norm
  }
}

/// The numbers of a case, as one line of JSON.
package struct BenchResult {
  let name: String
  let times: [Double]
  let items: Int
  /// Operations of matrix products in one repetition.
  let operations: Int
  /// The best product seen in this run, operations a second.
  let peak: Double

  package init(name: String, times: [Double], items: Int, operations: Int, peak: Double) {
    (self.name, self.times, self.items) = (name, times, items)
    (self.operations, self.peak) = (operations, peak)
  }

  private var median: Double {
    let sorted = times.sorted(), middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  /// For people: seconds (median), images a second, GFLOP/s, share of the best product, memory.
  package var text: String {
    let rate = peak > 0 ? Double(operations) / median / peak * 100 : .nan
    return name.padding(toLength: max(20, name.count), withPad: " ", startingAt: 0)
      + String(
        format: "%10.4f s %10.1f images/s %7.0f GFLOP/s %5.0f %% %7.0f MB", median, Double(items) / median,
        Double(operations) / median / 1e9, rate, Self.peakMegabytes)
  }

  package var line: String {
    let least = times.min() ?? .nan
    let best = Double(operations) / least
    let facts: [(String, String)] = [
      ("name", "\"\(name)\""), ("median_s", Self.number(median)), ("min_s", Self.number(least)),
      ("items_per_s", Self.number(Double(items) / median)), ("peak_rss_mb", Self.number(Self.peakMegabytes)),
      ("flops", "\(operations)"), ("gflops_median", Self.number(Double(operations) / median / 1e9)),
      ("gflops_best", Self.number(best / 1e9)), ("gflops_peak", Self.number(peak / 1e9)),
      ("share_of_peak", peak > 0 ? Self.number(best / peak) : "null"), ("items", "\(items)"),
      ("threads", "\(ThreadPool.shared.threads)"), ("reps", "\(times.count)"),
      ("times", "[" + times.map(Self.number).joined(separator: ", ") + "]"),
    ]
    return "{" + facts.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
  }

  private static func number(_ value: Double) -> String {
    value.isFinite ? String(format: "%.6g", value) : "null"
  }

  /// The most memory this process ever had.
  static var peakMegabytes: Double {
    var usage = rusage()
    getrusage(RUSAGE_SELF.rawValue, &usage)
    return Double(usage.ru_maxrss) / 1024
  }
}
