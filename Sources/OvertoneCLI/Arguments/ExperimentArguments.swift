import ArgumentParser
import Autoregression
import Foundation
import Laboratory
import Settings

/// An experiment file with overrides, for commands that take one.
struct ExperimentArguments: ParsableArguments {
  @Argument(help: "The experiment file.") var file: String
  @Argument(help: "Overrides of settings, as key=value: training.steps=100.") var overrides: [String] = []
  @Option(help: "A scale of the file, such as smoke, small or paper.") var scale: String?
  @Option(help: "A variant of a sweep, as name or name/seed; repeatable, all by default.")
  var variant: [String] = []

  /// The name of the experiment: its file name without extension.
  var name: String { URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent }

  func runs() throws -> ExperimentRuns {
    for override in overrides where !override.contains("=") {
      throw ValidationError("'\(override)' is no override; write it as key=value, for example training.steps=100.")
    }
    let sweep = try Sweep(file: file, scale: scale, overrides: overrides)
    return try ExperimentRuns(sweep, experiment: name, registry: Registry.linked())
  }

  /// The specs that --variant names, of all.
  func specs(of runs: ExperimentRuns) throws -> [RunSpec] { try runs.specs(named: variant) }

  /// The one spec that is meant, for commands that take one.
  func spec(of runs: ExperimentRuns) throws -> RunSpec {
    let found = try specs(of: runs)
    guard let first = found.first, found.count == 1 else {
      let names = found.map { "\($0.name)/\($0.seed)" }
      throw LaboratoryError(
        "\(file): there are \(found.count) variants; choose one with --variant: \(names.joined(separator: ", ")).")
    }
    return first
  }

  func assembled() throws -> Assembly {
    let runs = try runs()
    return try runs.assembly(try spec(of: runs))
  }
}
