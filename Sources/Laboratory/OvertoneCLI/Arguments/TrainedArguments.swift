import ArgumentParser
import Autoregression
import Foundation
import Settings

/// A trained experiment, named by the folder of a run or by its file.
struct TrainedArguments: ParsableArguments {
  @Argument(help: "The folder of a run, such as Results/quickstart/1, or an experiment file.") var run: String
  @Argument(help: "Settings put over those it was run with, as key=value: sampling.guidance=3.")
  var overrides: [String] = []
  @Option(help: "One of the scales that the file offers.") var scale: String?
  @Option(help: "This variant of a sweep, by its name, or name/seed.") var variant: [String] = []

  /// The run with these settings put over its own, not yet loaded.
  func opened(with extra: [String], _ journal: Journal) throws -> Run {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: run, isDirectory: &isFolder), isFolder.boolValue else {
      var experiment = ExperimentArguments()
      (experiment.file, experiment.overrides) = (run, overrides + extra)
      (experiment.scale, experiment.variant) = (scale, variant)
      let campaign = try experiment.campaign(), member = try experiment.member(of: campaign)
      return try Run(try campaign.assembly(member), folder: member.folder, variant: member.name, journal: journal)
    }
    let folder = run.count > 1 && run.hasSuffix("/") ? String(run.dropLast()) : run, file = "\(folder)/experiment.yaml"
    guard FileManager.default.fileExists(atPath: file) else {
      throw LaboratoryError(
        "\(folder): this is not the folder of a run, it has no experiment.yaml; name one such as Results/quickstart/1.")
    }
    for override in overrides where !override.contains("=") {
      throw ValidationError("'\(override)' is no override; write it as key=value, for example sampling.guidance=3.")
    }
    let (results, names) = Self.results(above: folder)
    let settings = try Settings(file: file, overrides: ["results=\(results.yaml)"] + overrides + extra)
    let assembly = try Assembly(settings, name: names.first ?? "run", registry: Registry.linked())
    let known = try? RunResult(in: folder)
    return try Run(assembly, folder: folder, variant: known?.variant ?? "", journal: journal)
  }

  /// The results folder that a run lies in, which is the one with artefacts, and the folders between.
  static func results(above folder: String) -> (folder: String, names: [String]) {
    var url = URL(fileURLWithPath: folder).standardizedFileURL, names: [String] = []
    while url.path != "/" {
      names.insert(url.lastPathComponent, at: 0)
      url.deleteLastPathComponent()
      if FileManager.default.fileExists(atPath: url.appendingPathComponent("artefacts").path) {
        return (url.path, names)
      }
    }
    return ("Results", names.suffix(2))
  }
}
