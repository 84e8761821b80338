import ArgumentParser
import Autoregression
import Foundation
import Laboratory
import Settings

/// A trained experiment, by the folder of a run or by its file.
struct TrainedArguments: ParsableArguments {
  @Argument(help: "The folder of a run, such as Results/quickstart/1, or an experiment file.") var run: String
  @Argument(help: "Overrides of the settings of the run, as key=value: sampling.guidance=3.")
  var overrides: [String] = []
  @Option(help: "A scale of the file.") var scale: String?
  @Option(help: "A variant of a sweep, as name or name/seed.") var variant: [String] = []

  /// The run with overrides, weights not loaded yet.
  func opened(with extra: [String], _ journal: Journal) throws -> Run {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: run, isDirectory: &isFolder), isFolder.boolValue else {
      var experiment = ExperimentArguments()
      (experiment.file, experiment.overrides) = (run, overrides + extra)
      (experiment.scale, experiment.variant) = (scale, variant)
      let runs = try experiment.runs(), spec = try experiment.spec(of: runs)
      return try Run(try runs.assembly(spec), folder: spec.folder, variant: spec.name, journal: journal)
    }
    for override in overrides where !override.contains("=") {
      throw ValidationError("'\(override)' is no override; write it as key=value, for example sampling.guidance=3.")
    }
    return try RunFolder(run).open(overrides: overrides + extra, journal: journal)
  }
}
