import Autoregression
import Networks
import Storage
import Tensors

/// The loss of a network on held-out images, at intervals of its training.
///
/// The averaged parameters are measured, where there is an average: those that images are made with. Nothing is
/// dropped, and all random numbers (turns, masks, timesteps, noise) depend on the seed and the image alone, so that
/// two measurements differ by the parameters alone, and the training is the same with and without them.
struct Validation {
  /// The prefix of its series among those of the training, in event files.
  static let prefix = "validation/"

  /// Steps between measurements.
  private let interval: Int
  /// The number of images.
  let count: Int
  /// Returns the measured quantities by name, the most important first.
  let measure: () throws -> [(name: String, value: Double)]

  /// Nil where no image is held out, or the settings want none.
  private init?(
    _ configuration: TrainingConfiguration, _ images: DatasetSplit,
    _ measure: @escaping (_ rows: [Int]) throws -> [(name: String, value: Double)]
  ) {
    guard configuration.validateEvery > 0, images.count > 0 else { return nil }
    let rows = stratifiedRows(min(configuration.validationCount, images.count), over: images.count)
    (interval, count) = (configuration.validateEvery, rows.count)
    self.measure = { try measure(rows) }
  }

  /// Returns true where a measurement follows a step: at intervals, and at the end.
  func isDue(at step: Int, of steps: Int) -> Bool { step % interval == 0 || step == steps }

  // MARK: Networks

  /// Distances of reconstructions to their images.
  init?(ofTokenizer tokenizer: any Tokenizer, _ assembly: Assembly) {
    let images = assembly.dataset.heldOut, direction = assembly.direction
    self.init(assembly.tokenizerTraining, images) { rows in
      var sums = ValidationSums()
      for part in Self.parts(of: rows.count) {
        let batch = try images.batch(Array(rows[part])).images
        var random = Self.random(assembly, part)
        let canvas = direction.canvas(of: tokenizer.encode(batch, &random), by: tokenizer.quantizer)
        let reconstructions = tokenizer.decode(direction.latent(of: canvas, by: tokenizer.quantizer))
        sums.add(tokenizer.distances(of: reconstructions, to: batch), samples: part.count)
      }
      return sums.values
    }
  }

  /// Quantities of tokens, by level, by mask ratio and by noise.
  init?(ofModel model: Model, _ assembly: Assembly) {
    let images = assembly.dataset.heldOut, tokenizer = assembly.tokenizer
    /// The middles of fifths. Each part of the images is measured at one of them, which costs least.
    let noises: [Float] = [0.1, 0.3, 0.5, 0.7, 0.9]
    // Latents are encoded and drawn once; the source of random numbers is that after the draw.
    var parts: [(latent: Tensor, labels: [Int], random: Random)] = []
    self.init(assembly.training, images) { rows in
      if parts.isEmpty {
        parts = try Self.parts(of: rows.count).map { part in
          let batch = try images.batch(Array(rows[part]))
          var random = Self.random(assembly, part)
          return (tokenizer.encode(batch.images, &random), batch.labels, random)
        }
      }
      var sums = ValidationSums()
      for (number, part) in parts.enumerated() {
        var random = part.random
        let noise = noises[number % noises.count]
        sums.add(model.measures(part.latent, part.labels, noise: noise, &random), noise: noise)
      }
      return sums.values
    }
  }

  /// Ranges of images that are measured at once: at most 64 images, and some 32 parts, since directions may draw a
  /// level or a mask ratio for all samples of a batch.
  private static func parts(of count: Int) -> [Range<Int>] {
    let size = max(1, min(64, (count + 31) / 32))
    return stride(from: 0, to: count, by: size).map { $0..<min(count, $0 + size) }
  }

  /// The random numbers of some images: streams that no training has.
  private static func random(_ assembly: Assembly, _ part: Range<Int>) -> Random {
    Random(seed: assembly.seed ^ 0x7661_6C69, step: part.lowerBound, samples: Array(part))
  }
}

extension Trainer {
  /// Measures and logs, where that is due.
  func validate(_ state: inout TrainingState, _ events: EventFile?) throws {
    guard let validation, validation.isDue(at: state.step, of: configuration.steps) else { return }
    let values = try withoutGradients {
      try state.average?.inPlace(of: trained, validation.measure) ?? validation.measure()
    }
    try artefact.metrics.append("validation", step: state.step, values)
    if let board, let events {
      try board.add(values.map { (Validation.prefix + $0.name, $0.value) }, step: state.step, to: events)
    }
    let words = values.prefix(2).map { "\($0.name) \(NumberFormat.short($0.value))" }
    state.validation = words.prefix(1).map { "validation \($0)" }
    journal.say(
      "\(stage): step \(state.step), validation \(words.joined(separator: ", ")) (\(validation.count) held-out images)")
    Profile.shared.forward("validation")
  }

  /// Forgets what was logged after a step.
  func rewindMetrics(to step: Int) throws {
    for group in ["train", "validation"] { try artefact.metrics.rewind(group, to: step) }
  }
}
