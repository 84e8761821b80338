import Autoregression
import Networks
import Settings
import Tensors

/// How one network is trained; the section `training` of a tokenizer or of the experiment.
package struct TrainingPlan: Sendable {
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
    self.steps = try settings["steps", default: steps, in: 0...100_000_000, about: "optimizer steps"]
    self.batch = try settings["batch", default: batch, in: 1...65_536, about: "pictures a step"]
    let peak: Double = try settings["learning-rate", default: rate, in: 0...10, about: "the peak of the learning rate"]
    let shape: RateShape = try settings["schedule", default: .cosine, about: "the learning rate after the warm-up"]
    let warmUp: Int = try settings[
      "warm-up", default: min(100, self.steps / 10), in: 0...100_000_000, about: "steps of linear warm-up"]
    let least: Double = try settings["least-rate", default: 0, in: 0...10, about: "the learning rate at the end"]
    self.rate = LearningRate(shape.shape, peak: peak, least: least, warmUp: Double(warmUp), total: Double(self.steps))
    rule = AdamW(
      beta1: try settings["beta1", default: 0.9, in: 0...0.9999, about: "decay of AdamW's first moment"],
      beta2: try settings["beta2", default: 0.95, in: 0...0.99999, about: "decay of AdamW's second moment"],
      weightDecay: try settings["weight-decay", default: 0.02, in: 0...10, about: "decoupled; none on vectors"])
    clip = try settings["clip", default: 3, in: 0...1e9, about: "largest joint norm of the gradients; 0: no clipping"]
    average = try settings["average", default: 0.999, in: 0...0.999999, about: "rate of the moving average; 0: none"]
    flips = try settings["flip", default: false, about: "mirror half of the pictures"]
    weights = try settings["weights", default: "", about: "a checkpoint to begin from, as 'overtone import' writes it"]
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

/// How pictures are made once the model is trained.
package struct SamplingPlan: Sendable {
  package var guidance: Guidance
  package var perClass: Int
  var batch: Int

  init(_ settings: inout Settings) throws(SettingsError) {
    guidance = Guidance(
      scale: try Schedule(
        &settings, "guidance", default: .constant(1), about: "how far beyond the condition; 1: as trained"),
      temperature: try Schedule(&settings, "temperature", default: .constant(1), about: "how freely the loss draws"))
    perClass = try settings["per-class", default: 8, in: 1...4096, about: "pictures of each class in the grid"]
    batch = try settings["batch", default: 64, in: 1...4096, about: "pictures made at once"]
  }
}

/// How the result is measured.
struct EvaluationPlan: Sendable {
  var count: Int

  init(_ settings: inout Settings) throws(SettingsError) {
    count = try settings[
      "count", default: 512, in: 0...10_000_000, about: "pictures that metrics look at; 0: no evaluation"]
  }
}
