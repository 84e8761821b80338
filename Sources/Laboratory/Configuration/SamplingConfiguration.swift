import Autoregression
import Settings

/// Generation with the trained model: the section `sampling` of an experiment.
package struct SamplingConfiguration: Sendable {
  /// Classifier-free guidance and temperature, each constant or a schedule.
  package var guidance: Guidance
  /// Images per class in the sample grid.
  package var perClass: Int
  /// Batch size in images.
  var batch: Int

  /// Reads the section.
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
