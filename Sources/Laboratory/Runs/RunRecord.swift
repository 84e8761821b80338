import Autoregression
import Foundation
import Networks
import Settings
import Storage

/// The content of a run folder, read without making anything; trained weights are not needed.
package struct RunRecord {
  /// The run's folder, such as `Results/quickstart/1`.
  package let folder: String
  /// The state at the time of reading.
  package let state: RunState
  /// The measurements; nil before there are any.
  package let result: RunResult?
  /// The variant's name; empty outside a sweep.
  package let variant: String
  /// The seed, or the folder's name where the settings cannot be read.
  package let seed: String
  /// All settings by its path, defaults included.
  package let settings: [String: String]
  /// The origin of each setting that is no default, by its path; nil for runs that did not record origins.
  package let origins: [String: String]?
  /// Facts about the machine and the program, in the order of `environment.json`.
  package let environment: [(name: String, value: String)]
  /// The files that the run read, with the SHA-256 of each.
  package let inputs: [(path: String, hash: String)]
  /// The artefact folders of the trained networks.
  package let stages: [(name: String, folder: String)]

  /// Reads a folder; one that does not exist is a waiting run. `variant` nil: the name in the run's result.
  package init(_ folder: String, variant: String? = nil) {
    self.folder = folder
    state = RunState(folder)
    let result = try? RunResult(in: folder)
    self.result = result
    self.variant = variant ?? result?.variant ?? ""
    let settings = Self.settings(in: folder, state, result)
    self.settings = settings
    seed = settings["seed"] ?? URL(fileURLWithPath: folder).lastPathComponent
    origins = Self.facts("\(folder)/origins.json").map { Dictionary(uniqueKeysWithValues: $0) }
    environment = Self.facts("\(folder)/environment.json") ?? []
    let record = try? InputRecord(in: folder)
    inputs = record?.inputs.map { ($0.path, $0.hash) } ?? []
    stages = ["tokenizer", "model"].compactMap { stage in
      record?.folder(of: stage, for: folder).map { (stage, $0) }
    }
  }

  /// The command line; nil where it was not recorded.
  package var command: String? { environment.first { $0.name == "command" }?.value }

  /// The facts that two equal runs share: all but command line, time, folder, job and uncommitted files.
  package var surroundings: [(name: String, value: String)] {
    environment.filter { !["command", "begun", "folder", "folderChanges", "gitChanges", "slurmJob"].contains($0.name) }
  }

  /// "band, seed 2", or "seed 2" outside a sweep.
  package var title: String { variant.isEmpty ? "seed \(seed)" : "\(variant), seed \(seed)" }

  /// The experiment's name.
  package var experiment: String { result?.experiment ?? RunFolder.results(above: folder).names.first ?? folder }

  /// Returns the settings of a run. Those of its file hold where there is no result, or one of another configuration.
  private static func settings(in folder: String, _ state: RunState, _ result: RunResult?) -> [String: String] {
    if let result, result.configuration == state.fingerprint { return result.settings }
    let file = "\(folder)/experiment.yaml"
    guard Folder.exists(file), let settings = try? Settings(file: file),
      let assembly = try? withoutStorage({ try Assembly(settings, name: "run", registry: Registry.linked()) })
    else { return result?.settings ?? [:] }
    return assembly.settings.values
  }

  /// Assembles the experiment with the run's settings, without storage for its weights.
  package func assembly() throws -> Assembly {
    let settings = try Settings(file: "\(folder)/experiment.yaml")
    return try withoutStorage { try Assembly(settings, name: experiment, registry: Registry.linked()) }
  }

  /// Returns the JSON object in a file; nil where there is none.
  private static func object(_ path: String) -> [String: Any]? {
    FileManager.default.contents(atPath: path).flatMap { try? JSONSerialization.jsonObject(with: $0) }
      as? [String: Any]
  }

  /// Returns the fields of a JSON object in the order of its lines: this program writes one field a line. Lists are
  /// command lines.
  private static func facts(_ path: String) -> [(name: String, value: String)]? {
    guard let object = object(path), let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    func index(of name: String) -> String.Index { text.range(of: JSON.quoted(name))?.lowerBound ?? text.endIndex }
    return object.compactMap { name, value -> (String, String)? in
      switch value {
      case let text as String: (name, text)
      case let number as NSNumber: (name, number.stringValue)
      case let words as [String]: (name, words.map(Quoting.shell).joined(separator: " "))
      default: nil
      }
    }
    .sorted { (index(of: $0.0), $0.0) < (index(of: $1.0), $1.0) }
  }

  /// A logged quantity of a stage's training.
  package struct Curve {
    /// "tokenizer" or "model".
    package let stage: String
    /// "loss", "learning-rate".
    package let name: String
    /// True if it was measured on held-out images.
    package let isValidation: Bool
    /// Step and value.
    package let points: [(x: Double, y: Double)]

    /// A curve of a stage.
    package init(stage: String, name: String, isValidation: Bool = false, points: [(x: Double, y: Double)]) {
      (self.stage, self.name, self.isValidation, self.points) = (stage, name, isValidation, points)
    }

    /// "loss", and "validation loss" on held-out images.
    package var title: String { isValidation ? "validation \(name)" : name }
  }

  /// All quantities that were logged in training, then those of validation; empty where `metrics.h5` cannot be read.
  package var curves: [Curve] {
    stages.flatMap { stage, folder -> [Curve] in
      let log = MetricsLog("\(folder)/metrics.h5")
      return ["train", "validation"].flatMap { group in
        ((try? log.names(in: group)) ?? []).compactMap { name in
          guard let series = try? log.series(group, name), !series.isEmpty else { return nil }
          return Curve(
            stage: stage, name: name, isValidation: group == "validation", points: series.map { ($0.step, $0.value) })
        }
      }
    }
  }

  /// Returns every run in a folder or below it, in the order of paths; throws where there is none.
  package static func all(below folder: String) throws -> [RunRecord] {
    let folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    if Folder.exists("\(folder)/STATUS") { return [RunRecord(folder)] }
    let paths = try Folder.paths(below: folder, endingIn: "/STATUS")
    guard !paths.isEmpty else {
      throw LaboratoryError("\(folder): there is no run in it; name a run such as Results/quickstart/1.")
    }
    return paths.map { RunRecord("\(folder)/\($0.dropLast("/STATUS".count))") }
  }
}
