import Settings

/// The timed case: the section `bench` of an experiment.
struct BenchConfiguration {
  /// The timed operation.
  var measure: Bench.Measure
  /// Batch size in images.
  var batch: Int

  /// Reads the section.
  init(_ settings: inout Settings) throws(SettingsError) {
    measure = try settings["measures", default: .training, about: "the timed operation"]
    batch = try settings["batch", default: 64, in: 1...65_536, about: "batch size in images"]
  }
}
