import Autoregression
import Networks
import Settings
import Tensors

/// How one network is trained; the section `training` of a tokenizer or of the experiment.
package struct TrainingConfiguration: Sendable {
  package var steps: Int
  var batch: Int
  package var rate: LearningRate
  var rule: AdamW
  var clip: Double
  /// Rate of the moving average; 0: none.
  var average: Double
  var flips: Bool
  var saveEvery: Int
  /// A checkpoint to begin from; empty: from nothing.
  var weights: String

  init(_ settings: inout Settings, steps: Int, batch: Int, rate: Double) throws(SettingsError) {
    for (old, new) in [
      ("warm-up", "warmup-steps"), ("least-rate", "min-learning-rate"), ("clip", "gradient-clip"), ("average", "ema"),
    ] {
      try settings.renamed(old, to: new)
    }
    self.steps = try settings["steps", default: steps, in: 0...100_000_000, about: "optimizer steps"]
    self.batch = try settings["batch", default: batch, in: 1...65_536, about: "batch size in images"]
    let peak: Double = try settings[
      "learning-rate", default: rate, in: 0...10, about: "peak learning rate, reached after the warm-up"]
    let shape: RateShape = try settings["schedule", default: .cosine, about: "learning rate schedule after the warm-up"]
    let warmUp: Int = try settings[
      "warmup-steps", default: min(100, self.steps / 10), in: 0...100_000_000,
      about: "steps of linear learning rate warm-up"]
    let least: Double = try settings[
      "min-learning-rate", default: 0, in: 0...10, about: "learning rate at the last step"]
    self.rate = LearningRate(shape.shape, peak: peak, least: least, warmUp: Double(warmUp), total: Double(self.steps))
    rule = AdamW(
      beta1: try settings["beta1", default: 0.9, in: 0...0.9999, about: "AdamW: decay of the first moment"],
      beta2: try settings["beta2", default: 0.95, in: 0...0.99999, about: "AdamW: decay of the second moment"],
      weightDecay: try settings[
        "weight-decay", default: 0.02, in: 0...10, about: "AdamW: decoupled weight decay; none on biases and norms"])
    clip = try settings[
      "gradient-clip", default: 3, in: 0...1e9, about: "largest global norm of the gradients; 0: no clipping"]
    average = try settings[
      "ema", default: 0.999, in: 0...0.999999,
      about: "decay of the exponential moving average of the parameters; 0: none"]
    flips = try settings["flip", default: false, about: "flip each image horizontally with probability 1/2"]
    weights = try settings["weights", default: "", about: "checkpoint to start from, as 'overtone import' writes it"]
    saveEvery = try settings["save-every", default: 500, in: 1...100_000_000, about: "steps between checkpoints"]
  }
}

private enum RateShape: String, Setting, CaseIterable {
  case constant, cosine, linear
  var shape: LearningRate.Shape {
    switch self {
    case .constant: .constant
    case .cosine: .cosine
    case .linear: .linear
    }
  }
}

/// How images are made once the model is trained.
package struct SamplingConfiguration: Sendable {
  package var guidance: Guidance
  package var perClass: Int
  var batch: Int

  init(_ settings: inout Settings) throws(SettingsError) {
    guidance = Guidance(
      scale: try Schedule(
        &settings, "guidance", default: .constant(1), about: "classifier-free guidance scale; 1: no guidance"),
      temperature: try Schedule(
        &settings, "temperature", default: .constant(1), about: "sampling temperature of the loss"))
    perClass = try settings["per-class", default: 8, in: 1...4096, about: "images per class in the sample grid"]
    batch = try settings["batch", default: 64, in: 1...4096, about: "sampling batch size in images"]
  }
}

/// How the result is measured.
struct EvaluationConfiguration: Sendable {
  var count: Int

  init(_ settings: inout Settings) throws(SettingsError) {
    count = try settings[
      "count", default: 512, in: 0...10_000_000,
      about: "number of generated images that metrics compare with the data; 0: no evaluation"]
  }
}
