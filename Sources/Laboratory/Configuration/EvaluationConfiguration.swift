import Autoregression
import Settings

/// Measurement of the trained model: the section `evaluation` of an experiment.
struct EvaluationConfiguration: Sendable {
  /// Generated images that metrics compare with the data; 0: no evaluation.
  var count: Int
  /// The images that metrics compare with; those of training where none are held out.
  var split: Split

  /// Reads the section.
  init(_ settings: inout Settings) throws(SettingsError) {
    count = try settings[
      "count", default: 512, in: 0...10_000_000,
      about: "number of generated images that metrics compare with the data; 0: no evaluation"]
    split = try settings["split", default: .heldOut, about: "the images of the data set that metrics compare with"]
  }
}
