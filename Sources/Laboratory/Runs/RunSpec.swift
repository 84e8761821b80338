import Settings

/// One run of an experiment file: a variant with a seed, and the folder that it is written to.
package struct RunSpec {
  /// The variant with its settings.
  let variant: Sweep.Variant
  /// The run's folder: `Results/<experiment>/<variant>-<hash>/<seed>`, without the variant where nothing varies and no
  /// override affects results.
  package let folder: String
  /// The variant's name, or that of the overrides that affect results; empty where nothing varies.
  package let name: String
  /// The root of all random number streams.
  package let seed: UInt64
  /// Hash of all settings that were read, except for the seed and where results go.
  package let fingerprint: String
  /// The settings that affect results.
  package let settings: ResultSettings
  /// Logs besides the run's own files.
  let logging: Logging

  /// True where nothing is left to do.
  package var isDone: Bool {
    RunState(folder).isDone(as: fingerprint) && (logging == .none || TensorBoard.isThere(in: folder))
  }

  /// "band, seed 2", or "seed 2" where nothing varies.
  package var title: String { name.isEmpty ? "seed \(seed)" : "\(name), seed \(seed)" }
}
