import Autoregression
import Foundation
import Settings

/// Runs that a command line names: by their folders, by a folder above them, or by the experiment file that made them.
package struct RunSource {
  package let records: [RunRecord]
  /// The experiment, where a file names it.
  package let runs: ExperimentRuns?

  /// `variants`: only those of an experiment file, by name or name/seed; all when empty.
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
