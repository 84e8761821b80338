import Glibc
import Networks
import Settings

/// Training of one network: the section `training` of an experiment, or of its tokenizer.
package struct TrainingConfiguration: Sendable {
  /// Optimizer steps; 0 uses the initial weights as they are.
  package var steps: Int
  /// Batch size in images.
  var batch: Int
  /// Learning rate at each step.
  package var learningRate: LearningRate
  /// Moments' decay and weight decay of the optimizer, the latter at the first step.
  var adamW: AdamW
  /// Weight decay at the last step; half a cosine leads to it.
  var finalWeightDecay: Double
  /// The groups of parameters without weight decay.
  var undecayed: [DecayGroup]
  /// Largest global norm of the gradients; 0: no clipping.
  var gradientClip: Double
  /// Decay of the exponential moving average of the parameters, in [0, 1); 0: no average.
  var emaDecay: Double
  /// True where that decay grows from a small one at the first step.
  var emaWarmsUp: Bool
  /// The windows of images that are trained on.
  var augmentation: AugmentationRule
  /// Images that are shuffled together; 0: all.
  var shuffleWindow: Int
  /// Steps between checkpoints.
  var saveEvery: Int
  /// Steps between measurements on held-out images, beside that after the last step; 0: none.
  var validateEvery: Int
  /// Held-out images of a measurement.
  var validationCount: Int
  /// Path of a checkpoint to start from; empty: random initialization.
  var weights: String

  /// Reads the section; `steps`, `batch`, `learningRate` and `undecayed` are the defaults.
  init(
    _ settings: inout Settings, steps: Int, batch: Int, learningRate: Double,
    undecayed: [Parameter.Role] = Parameter.Role.usuallyUndecayed
  ) throws(SettingsError) {
    for (old, new) in [
      ("warm-up", "warmup-steps"), ("least-rate", "min-learning-rate"), ("clip", "gradient-clip"), ("average", "ema"),
    ] {
      try settings.renamed(old, to: new)
    }
    self.steps = try settings["steps", default: steps, in: 0...100_000_000, about: "optimizer steps"]
    self.batch = try settings["batch", default: batch, in: 1...65_536, about: "batch size in images"]
    self.learningRate = try LearningRate(&settings, peak: learningRate, steps: self.steps)
    adamW = AdamW(
      beta1: try settings["beta1", default: 0.9, in: 0...0.9999, about: "AdamW: decay of the first moment"],
      beta2: try settings["beta2", default: 0.95, in: 0...0.99999, about: "AdamW: decay of the second moment"],
      weightDecay: try settings[
        "weight-decay", default: 0.02, in: 0...10,
        about: "AdamW: decoupled weight decay of all parameters but those of 'undecayed'; 0: Adam"])
    finalWeightDecay = try settings[
      "final-weight-decay", default: adamW.weightDecay, in: 0...10,
      about: "weight decay at the last step, along half a cosine; VAR's largest model: 0.08 from 0.05"]
    self.undecayed = try settings[
      "undecayed", default: undecayed.map(DecayGroup.init),
      about: "parameters without weight decay, by their role, or in the token loss (head) as in MAR and FAR"]
    gradientClip = try settings[
      "gradient-clip", default: 3, in: 0...1e9, about: "largest global norm of the gradients; 0: no clipping"]
    // Below, single precision scales gradients to zero, and nothing is learned.
    guard gradientClip == 0 || gradientClip >= 1e-6 else {
      throw settings.refusal(
        "'gradient-clip' must be 0 for no clipping, or at least 1e-6, not \(gradientClip.yaml).", at: "gradient-clip")
    }
    emaDecay = try settings[
      "ema", default: 0.999, in: 0...0.999999,
      about: "decay of the exponential moving average of the parameters; 0: none"]
    emaWarmsUp = try settings[
      "ema-warmup", default: true,
      about: "limit that decay to (1 + t) / (10 + t) at step t; false as in MAR and FAR: constant from the first step"]
    augmentation = try AugmentationRule(&settings)
    shuffleWindow = try settings[
      "shuffle-window", default: 0, in: 0...100_000_000,
      about: "images that are shuffled together, for files whose chunks are compressed and do not fit into "
        + "'dataset.memory': chunks are shuffled, then images within this number of them; 0: all images"]
    weights = try settings["weights", default: "", about: "checkpoint to start from, as 'overtone import' writes it"]
    saveEvery = try settings["save-every", default: 500, in: 1...100_000_000, about: "steps between checkpoints"]
    let few = min(256, max(8, self.steps * self.batch / (8 * Self.costRatio)))
    validationCount = try settings[
      "validation-count", default: few, in: 1...10_000_000,
      about: "held-out images that the loss is measured on; 256 by default, and fewer in a short training"]
    let count = validationCount, interval = Self.validationInterval(self.steps, self.batch, count)
    validateEvery = try settings[
      "validate-every", default: interval, in: 0...100_000_000,
      about: "steps between measurements of the loss on held-out images, also made after the last step; 0: never"]
  }
}

extension TrainingConfiguration {
  /// Returns whether weight decay applies to each of the parameters, of which `head` are those of the token loss.
  package func decays(_ parameters: [Parameter], head: [Parameter] = []) -> [Bool] {
    let head = undecayed.contains(.head) ? Set(head.map(ObjectIdentifier.init)) : []
    return parameters.map { !undecayed.contains(.role($0.role)) && !head.contains(ObjectIdentifier($0)) }
  }

  /// Returns the optimizer of parameters before its first step; `head` are those of the token loss.
  func optimizer(of parameters: [Parameter], head: [Parameter] = []) -> Optimizer {
    Optimizer(parameters, rule: adamW, clip: gradientClip, decays: decays(parameters, head: head))
  }

  /// Returns the moving average that begins at the current values; nil where there is none.
  package func average(of parameters: [Parameter]) -> MovingAverage? {
    emaDecay > 0 ? MovingAverage(of: parameters, rate: emaDecay, warmsUp: emaWarmsUp) : nil
  }

  /// Images trained on for each image that is measured, at least: a measurement takes at most about half the time, so
  /// that validation adds at most some 2 % to a training.
  fileprivate static let costRatio = 32

  /// Returns the default number of steps between measurements on `count` images: a twentieth of the training, or more
  /// where that would cost too much; a multiple of ten from ten on, as the log has them. 0 where nothing is trained.
  fileprivate static func validationInterval(_ steps: Int, _ batch: Int, _ count: Int) -> Int {
    guard steps > 0 else { return 0 }
    let interval = max((steps + 19) / 20, (count * costRatio + batch - 1) / batch)
    return interval > 10 ? (interval + 9) / 10 * 10 : interval
  }

  /// Returns the weight decay at step 0, 1, ...
  package func weightDecay(at step: Int) -> Double {
    guard finalWeightDecay != adamW.weightDecay else { return finalWeightDecay }
    let fraction = Double(step) / Double(max(1, steps))
    return finalWeightDecay + (adamW.weightDecay - finalWeightDecay) / 2 * (1 + cos(.pi * fraction))
  }
}

extension LearningRate.Shape: Setting {}

extension LearningRate {
  /// Reads the keys of the learning rate; `peak` is the default of `learning-rate`.
  fileprivate init(_ settings: inout Settings, peak: Double, steps: Int) throws(SettingsError) {
    let peak: Double = try settings[
      "learning-rate", default: peak, in: 0...10, about: "peak learning rate, reached after the warm-up"]
    let shape: Shape = try settings["schedule", default: .cosine, about: "learning rate schedule after the warm-up"]
    let warmUp: Int = try settings[
      "warmup-steps", default: min(100, steps / 10), in: 0...100_000_000,
      about: "steps of linear learning rate warm-up"]
    let least: Double = try settings[
      "min-learning-rate", default: 0, in: 0...10, about: "learning rate at the last step"]
    let start: Double = try settings[
      "warmup-start-factor", default: 0, in: 0...1,
      about: "learning rate at the first step of the warm-up, as a fraction of the peak; VAR: 0.005"]
    let hold: Double = try settings[
      "hold", default: 0, in: 0...1,
      about: "fraction of the steps after the warm-up that stay at the peak before the rate falls; VAR: 0.05"]
    self.init(shape, peak: peak, least: least, warmUp: Double(warmUp), total: Double(steps))
    (warmUpStart, self.hold) = (start, hold)
  }
}
