import Autoregression
import Foundation
import Networks
import Settings
import Tensors

/// A timed case: an experiment file with a section `bench`.
///
/// Data are fixed random numbers, no file is read or written, and every result is checked before a time is reported.
package final class Bench {
  /// The operation of one repetition.
  enum Measure: String, Setting, CaseIterable {
    /// A training step of the model: forward, backward, optimizer.
    case training
    /// A training step of the tokenizer.
    case tokenizer
    /// The generation of a batch of latents.
    case sampling
  }

  /// The case's name: that of its file.
  package let name: String
  let measure: Measure
  /// Batch size in images.
  package let batch: Int
  private var assembly: Assembly
  private var optimizer: Optimizer
  private var average: MovingAverage?
  /// Uniform random numbers [batch, height, width, 3] in [-1, 1].
  private let images: Tensor
  /// Normal random numbers [batch, rows, columns, channels].
  private let latent: Tensor
  /// Classes in turn.
  private let labels: [Int]
  /// Optimizer steps taken.
  private var steps = 0
  /// The loss of fixed draws before the first step, and the latents of the first repetition.
  private var lossBefore: Float?
  private var first: Tensor?

  /// Reads a case by its path, or by its name from `Experiments/bench`.
  package init(_ file: String, overrides: [String]) throws {
    let path = file.hasSuffix(".yaml") ? file : "Experiments/bench/\(file).yaml"
    name = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    var settings = try Settings(file: path, overrides: overrides)
    var section = try settings.section("bench", about: "the timed case")
    let timing = try BenchConfiguration(&section)
    (measure, batch) = (timing.measure, timing.batch)
    assembly = try Assembly(settings, name: name, registry: Registry.linked())
    let configuration = measure == .tokenizer ? assembly.tokenizerTraining : assembly.training
    let trained = measure == .tokenizer ? assembly.tokenizer.parameters : assembly.model.parameters
    let parameters = trained.map(\.parameter)
    optimizer = configuration.optimizer(of: parameters, head: assembly.model.loss.parameters.map(\.parameter))
    average = configuration.average(of: parameters)
    var random = Random(seed: 1, samples: Array(0..<batch))
    let images = random.uniform([batch, assembly.images.height, assembly.images.width, 3], "images") * 2 - 1
    self.images = images
    let tokenizer = assembly.tokenizer
    let shape = withoutGradients { tokenizer.encode(images, &random).shape }
    latent = random.normal([batch] + shape.dropFirst(), "latents")
    let classes = assembly.classes
    labels = (0..<batch).map { $0 % classes }
  }

  /// Runs one repetition and returns its seconds; throws where its result is wrong.
  package func repetition() throws -> Double {
    if measure != .sampling && lossBefore == nil { lossBefore = probe() }
    let start = MonotonicClock.seconds
    switch measure {
    case .training, .tokenizer:
      let norm = try step()
      let seconds = MonotonicClock.seconds - start
      guard norm.isFinite, norm > 0 else { throw LaboratoryError("\(name): the gradients have norm \(norm).") }
      return seconds
    case .sampling:
      var random = Random(seed: 2, samples: Array(0..<batch))
      let latents = try assembly.model.generate(labels, assembly.sampling.guidance, &random)
      let seconds = MonotonicClock.seconds - start
      guard latents.isFinite, latents.shape == latent.shape else {
        throw LaboratoryError("\(name): latents of shape \(latents.shape) are not finite or not \(latent.shape).")
      }
      if let first, first.distance(to: latents) != 0 {
        throw LaboratoryError("\(name): two repetitions with the same seed differ.")
      }
      first = latents
      return seconds
    }
  }

  /// Checks after all repetitions that training has lowered the loss of fixed draws; throws where it has not.
  package func check() throws {
    guard let before = lossBefore, steps > 0 else { return }
    let after = probe()
    guard after.isFinite, after < before else {
      throw LaboratoryError("\(name): after \(steps) steps the loss went from \(before) to \(after); it must fall.")
    }
  }

  /// Returns the loss of fixed draws.
  private func probe() -> Float {
    withoutGradients {
      var random = Random(seed: 3, samples: Array(0..<batch))
      return loss(&random)?.scalar ?? .nan
    }
  }

  /// Returns the loss of the timed network; nil where it has none.
  private func loss(_ random: inout Random) -> Tensor? {
    measure == .tokenizer
      ? assembly.tokenizer.trainingLoss(images, laidOutBy: assembly.direction, &random)?.total
      : assembly.model.trainingLoss(latent, labels, progress: 0, &random).mean
  }

  /// Takes one optimizer step; returns the norm of the gradients.
  private func step() throws -> Double {
    var random = Random(seed: 1, step: steps, samples: Array(0..<batch))
    guard let total = loss(&random) else { throw LaboratoryError("\(name): this tokenizer is not trained.") }
    let configuration = measure == .tokenizer ? assembly.tokenizerTraining : assembly.training
    let norm = optimizer.step(total, rate: configuration.learningRate.peak)
    steps += 1
    average?.update(from: optimizer.parameters, step: steps)
    return norm
  }
}
