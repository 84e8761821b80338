import Autoregression
import Foundation
import Laboratory
import ProgramSupport
import Settings

/// An experiment whose stages take milliseconds.
enum TinyExperiment {
  /// The file's text; `more` is appended.
  static func text(results: String, _ more: String = "") -> String {
    """
    seed: 3
    results: \(results)
    dataset: { use: shapes, size: 16, count: 16 }
    tokenizer: { use: pixels, patch-size: 4 }
    direction: { use: masked, steps: 2 }
    conditioner: { use: class-prefix, count: 2, label-dropout: 0 }
    backbone: { use: encoder-decoder, width: 16, depth: 2, heads: 2 }
    loss: { use: diffusion, width: 16, depth: 1, steps: 2 }
    training: { steps: 4, batch: 4 }
    sampling: { per-class: 1, batch: 3 }
    evaluation: { count: 4 }
    metrics: [{ use: psnr }]
    \(more)
    """
  }

  /// Its assembly with overrides, of a file that is not on the disk.
  static func assembly(_ overrides: [String] = [], results: String = "Results") throws -> Assembly {
    let settings = try Settings(parsing: text(results: results), file: "tiny.yaml", overrides: overrides)
    return try Assembly(settings, name: "tiny", registry: Registry.linked())
  }

  /// Its runs with overrides; `more` may hold a sweep.
  static func runs(in scratch: Scratch, _ overrides: [String] = [], _ more: String = "") throws -> ExperimentRuns {
    let sweep = try Sweep(
      parsing: text(results: "\(scratch.path)/results", more), file: "tiny.yaml", overrides: overrides)
    return try ExperimentRuns(sweep, experiment: "tiny", registry: Registry.linked())
  }

  /// Executes all runs in this process.
  static func execute(_ runs: ExperimentRuns, retries: Int = 0, failFast: Bool = false, force: Bool = false) throws {
    try runs.execute(
      runs.specs, journal: Journal(quiet: true), failFast: failFast, retries: retries, force: force)
  }
}

/// The message of an error that `body` throws; nil where it throws none.
func message(_ body: () throws -> Void) -> String? {
  do {
    try body()
    return nil
  } catch { return "\(error)" }
}
