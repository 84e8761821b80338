import ArgumentParser
import Autoregression
import Files
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
      if let format = FileFormat.name(ofFile: run) {
        throw LaboratoryError("\(run): this is \(format); name the folder of a run, or an experiment file (YAML).")
      }
      let runs = try experiment(overrides + extra).runs()
      let spec = try experiment(overrides + extra).spec(of: runs)
      return Run(
        try runs.assembly(spec), folder: try folder(of: spec, extra), variant: spec.name, journal: journal)
    }
    for override in overrides where !override.contains("=") {
      throw ValidationError("'\(override)' is no override; write it as key=value, for example sampling.guidance=3.")
    }
    return try RunFolder(run).open(overrides: overrides + extra, journal: journal)
  }

  /// The experiment file with some overrides.
  private func experiment(_ overrides: [String]) -> ExperimentArguments {
    var experiment = ExperimentArguments()
    (experiment.file, experiment.overrides) = (run, overrides)
    (experiment.scale, experiment.variant) = (scale, variant)
    return experiment
  }

  /// The folder of the run with all overrides; where there is no such run, of the one without settings of generation,
  /// or without any that affects results.
  private func folder(of spec: RunSpec, _ extra: [String]) throws -> String {
    func path(_ override: String) -> String { String(override.prefix { $0 != "=" }) }
    let training = (overrides + extra).filter { override in
      !["sampling.", "evaluation."].contains { path(override).hasPrefix($0) }
    }
    for rest in [training, training.filter { !ResultSettings.affectsResults(path($0)) }]
    where RunState(spec.folder).kind == .waiting {
      let other = experiment(rest), runs = try other.runs()
      if let found = try? other.spec(of: runs), RunState(found.folder).kind != .waiting { return found.folder }
    }
    return spec.folder
  }
}
