import Autoregression
import Images
import Networks
import Tensors

/// Generates and reconstructs images with the networks of an experiment as they are now.
package struct Sampler {
  private let assembly: Assembly
  private let journal: Journal

  /// `journal` receives the progress of `samples`.
  init(_ assembly: Assembly, _ journal: Journal) { (self.assembly, self.journal) = (assembly, journal) }

  /// Generated images and the wall time that they took.
  package struct Samples {
    /// One image for each label.
    package var images: [ByteImage]
    /// Wall time of generation and decoding.
    package var seconds: Double
  }

  /// Generates images [batch, height, width, 3] in [-1, 1], rounded to bytes, one for each class label.
  ///
  /// Sample i draws from the stream `first + i`: images do not depend on the batch size. `watch` is called after each
  /// turn. Throws `Divergence` where tokens or images are not finite, and `Stopped` after a requested stop.
  package func images(
    of labels: [Int], from first: Int, seed: UInt64, around pins: Pins? = nil,
    watch: (GenerationStep) throws -> Void = { _ in }
  ) throws -> Tensor {
    var random = Random(seed: seed, samples: Array(first..<first + labels.count))
    let latent = try assembly.model.generate(labels, assembly.sampling.guidance, around: pins, &random) { step in
      try check(step, from: first)
      if Interruption.isRequested { throw Stopped("stopped while sampling") }
      try watch(step)
    }
    let images = withoutGradients { assembly.tokenizer.decode(latent) }
    if let row = Finiteness.firstBrokenRow(of: images) { throw Self.divergence("image \(first + row)") }
    return ByteImage.rounded(images)
  }

  /// Throws where a turn gave something that is not finite; `first` is the number of the first image.
  private func check(_ step: GenerationStep, from first: Int) throws {
    var parts: [(name: String, values: Tensor)] = [("features", step.features)]
    if case .values(let values) = step.draw.content { parts.append(("tokens", values)) }
    if let confidence = step.draw.confidence { parts.append(("probabilities", confidence)) }
    for (name, values) in parts {
      guard let row = Finiteness.firstBrokenRow(of: values) else { continue }
      throw Self.divergence("\(name) of turn \(step.view.turn.moment.step + 1) of image \(first + row)")
    }
  }

  /// The error of a generation; `name` says what is not finite.
  private static func divergence(_ name: String) -> Divergence {
    Divergence(
      description: "sampling: the \(name) \(name.hasPrefix("image") ? "is" : "are") not finite; bring "
        + "sampling.guidance and sampling.temperature nearer to 1, or train with a lower learning rate.")
  }

  /// Generates images in batches of `sampling.batch`, around the pixels that an inpainting keeps. Throws `Stopped`
  /// after a requested stop.
  package func samples(of labels: [Int], seed: UInt64, in inpainting: Inpainting? = nil) throws -> Samples {
    var samples = Samples(images: [], seconds: 0), unguided = (sum: 0.0, draws: 0)
    for start in stride(from: 0, to: labels.count, by: assembly.sampling.batch) {
      let part = Array(labels[start..<min(labels.count, start + assembly.sampling.batch)])
      let before = MonotonicClock.seconds
      let pins = inpainting?.pins(in: assembly, batch: part.count)
      let images = try images(of: part, from: start, seed: seed, around: pins) { step in
        unguided = (unguided.sum + Double(step.draw.unguided), unguided.draws + 1)
      }
      samples.seconds += MonotonicClock.seconds - before
      samples.images += part.indices.map { ByteImage(images, at: $0) }
      let done = samples.images.count
      journal.progress(
        Progress(
          stage: "sampling", done: done, total: labels.count, details: ["\(assembly.direction.layout.grid) tokens"],
          seconds: samples.seconds, for: done))
      if Interruption.isRequested { throw Stopped("stopped while sampling") }
    }
    if unguided.sum > 0 {
      let percent = NumberFormat.short(100 * unguided.sum / Double(unguided.draws))
      journal.say("sampling: \(percent) % of all numbers were drawn without guidance, which has no density there")
    }
    return samples
  }

  /// Encodes and decodes images [batch, height, width, 3] through the direction's tokens, so that the loss of a
  /// vocabulary is included; rounded to bytes. Throws `Divergence` where one is not finite, whose row is added to
  /// `first`.
  package func reconstructions(of images: Tensor, from first: Int = 0, _ random: inout Random) throws -> Tensor {
    let reconstructions = withoutGradients {
      let (tokenizer, direction) = (assembly.tokenizer, assembly.direction), quantizer = tokenizer.quantizer
      let canvas = direction.canvas(of: tokenizer.encode(images, &random), by: quantizer)
      return tokenizer.decode(direction.latent(of: canvas, by: quantizer))
    }
    if let row = Finiteness.firstBrokenRow(of: reconstructions) {
      throw Divergence(
        description: "evaluation: the reconstruction of image \(first + row) is not finite; train the tokenizer with a "
          + "lower learning rate.")
    }
    return ByteImage.rounded(reconstructions)
  }
}
