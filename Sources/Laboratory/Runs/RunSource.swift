import Autoregression
import Foundation
import Settings

/// Finished or unfinished runs, given by a run's folder, a folder above several, or the experiment file that made them.
package struct RunSource {
  /// A record for each run.
  package let records: [RunRecord]
  /// The runs of the experiment file; nil where folders were given.
  package let runs: ExperimentRuns?

  /// `variants` selects runs of an experiment file by name or name/seed; all where it is empty. `scale` and `overrides`
  /// are those that the experiment was run with.
  package init(_ source: String, variants: [String] = [], scale: String?, overrides: [String] = []) throws {
    guard source.hasSuffix(".yaml") || source.hasSuffix(".yml") else {
      records = try RunRecord.all(below: source)
      runs = nil
      return
    }
    let sweep = try Sweep(file: source, scale: scale, overrides: overrides)
    let name = URL(fileURLWithPath: source).deletingPathExtension().lastPathComponent
    let runs = try ExperimentRuns(sweep, experiment: name, registry: Registry.linked())
    self.runs = runs
    records = try runs.specs(named: variants).map { RunRecord($0.folder, variant: $0.name) }
  }
}

extension RunRecord {
  /// The measurements of the configuration that the run has now; nil where there are none, or those of another.
  package var currentResult: RunResult? { result.flatMap { $0.configuration == state.fingerprint ? $0 : nil } }
}
