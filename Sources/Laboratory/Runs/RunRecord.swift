import Autoregression
import Foundation
import Networks
import Settings
import Storage

/// What the folder of a run says of it. Reading it makes nothing and needs no trained weights.
package struct RunRecord {
  package let folder: String
  package let state: RunState
  /// What it measured; nil before it has.
  package let result: RunResult?
  /// The name of its variant; empty outside a sweep.
  package let variant: String
  package let seed: String
  /// Every setting by its path, defaults included.
  package let settings: [String: String]
  /// Where each setting was set, by its path; what is missing is a default. Nil for runs that did not keep it.
  package let origins: [String: String]?
  /// Facts of the machine and of the program, in their order.
  package let environment: [(name: String, value: String)]
  /// Files it read, with the SHA-256 of each.
  package let inputs: [(path: String, hash: String)]
  /// The folders of what was trained.
  package let stages: [(name: String, folder: String)]

  /// `variant` nil: as the run itself says. A folder that is not there is a run that waits.
  package init(_ folder: String, variant: String? = nil) {
    self.folder = folder
    state = RunState(folder)
    let result = try? RunResult(in: folder)
    self.result = result
    self.variant = variant ?? result?.variant ?? ""
    let known = Self.settings(in: folder, state, result)
    settings = known
    seed = known["seed"] ?? URL(fileURLWithPath: folder).lastPathComponent
    origins = Self.facts("\(folder)/origins.json").map { Dictionary(uniqueKeysWithValues: $0) }
    environment = Self.facts("\(folder)/environment.json") ?? []
    let read = try? InputRecord(in: folder)
    inputs = read?.inputs.map { ($0.path, $0.hash) } ?? []
    let results = RunFolder.results(above: folder).folder
    stages = [("tokenizer", read?.tokenizer), ("model", read?.model)].compactMap { stage, path in
      guard let path else { return nil }
      // Where the results lie now, or where they lay when it ran.
      let here = "\(results)/artefacts/\(URL(fileURLWithPath: path).lastPathComponent)"
      return (stage, Folder.exists(here) ? here : path)
    }
  }

  /// What was typed; nil where it is not known.
  package var command: String? { environment.first { $0.name == "command" }?.value }
  /// What the program, the machine and the state of the files were: all but what was typed, when, and where.
  package var surroundings: [(name: String, value: String)] {
    environment.filter { !["command", "begun", "folder", "gitChanges", "slurmJob"].contains($0.name) }
  }

  package var title: String { variant.isEmpty ? "seed \(seed)" : "\(variant), seed \(seed)" }
  package var experiment: String { result?.experiment ?? RunFolder.results(above: folder).names.first ?? folder }

  /// A run that has not measured yet, or measured something else before, is known by its file.
  private static func settings(in folder: String, _ state: RunState, _ result: RunResult?) -> [String: String] {
    if let result, result.configuration == state.fingerprint { return result.settings }
    let file = "\(folder)/experiment.yaml"
    guard Folder.exists(file), let read = try? Settings(file: file),
      let assembly = try? withoutStorage({ try Assembly(read, name: "run", registry: Registry.linked()) })
    else { return result?.settings ?? [:] }
    return assembly.settings.values
  }

  /// The experiment as the run had it, without weights; nothing is opened.
  package func assembly() throws -> Assembly {
    let read = try Settings(file: "\(folder)/experiment.yaml")
    return try withoutStorage { try Assembly(read, name: experiment, registry: Registry.linked()) }
  }

  private static func object(_ path: String) -> [String: Any]? {
    FileManager.default.contents(atPath: path).flatMap { try? JSONSerialization.jsonObject(with: $0) }
      as? [String: Any]
  }

  /// The fields of an object, in the order of its lines: this program writes one field a line. Lists are command lines.
  private static func facts(_ path: String) -> [(name: String, value: String)]? {
    guard let object = object(path), let text = try? String(contentsOfFile: path, encoding: .utf8) else { return nil }
    func place(_ name: String) -> String.Index { text.range(of: JSON.text(name))?.lowerBound ?? text.endIndex }
    return object.compactMap { name, value -> (String, String)? in
      switch value {
      case let text as String: (name, text)
      case let number as NSNumber: (name, number.stringValue)
      case let words as [String]: (name, words.map(Environment.quoted).joined(separator: " "))
      default: nil
      }
    }
    .sorted { (place($0.0), $0.0) < (place($1.0), $1.0) }
  }

  /// One curve of a stage's training.
  package struct Curve {
    package let stage: String
    package let name: String
    package let points: [(x: Double, y: Double)]
  }

  /// Every curve that was kept while training.
  package var curves: [Curve] {
    stages.flatMap { stage, folder -> [Curve] in
      let log = MetricsLog("\(folder)/metrics.h5")
      guard Folder.exists(log.path), let reader = try? Reader(log.path) else { return [] }
      return reader.names(in: "train").filter { !$0.hasSuffix("_step") }.compactMap { name in
        guard let series = try? log.series("train", name), !series.isEmpty else { return nil }
        return Curve(stage: stage, name: name, points: series.map { ($0.step, $0.value) })
      }
    }
  }

  /// Every run in a folder or below it, in the order of paths.
  static func all(below folder: String) throws -> [RunRecord] {
    let folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    if Folder.exists("\(folder)/STATUS") { return [RunRecord(folder)] }
    guard Folder.exists(folder), let paths = FileManager.default.enumerator(atPath: folder) else {
      throw LaboratoryError("\(folder): there is no such folder; name a run, a folder of runs, or an experiment file.")
    }
    let found = paths.compactMap { $0 as? String }.filter { $0.hasSuffix("/STATUS") }.sorted {
      $0.compare($1, options: .numeric) == .orderedAscending
    }
    guard !found.isEmpty else {
      throw LaboratoryError("\(folder): there is no run in it; name a run such as Results/quickstart/1.")
    }
    return found.map { RunRecord("\(folder)/\($0.dropLast("/STATUS".count))") }
  }
}
