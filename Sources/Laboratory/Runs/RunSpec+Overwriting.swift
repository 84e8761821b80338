import Foundation

extension RunSpec {
  /// The measurements of the run; nil where there are none, or those of another configuration. Throws where the file
  /// is damaged.
  package var result: RunResult? {
    get throws {
      guard Folder.exists(RunResult.path(in: folder)) else { return nil }
      let result = try RunResult(in: folder)
      return result.configuration == fingerprint || ResultSettings(result.settings) == settings ? result : nil
    }
  }

  /// The state of a run of another configuration in this run's folder, and the settings that differ; nil where there is
  /// no such run.
  package var other: (state: RunState, difference: String)? {
    let state = RunState(folder)
    guard state.kind != .waiting, state.fingerprint != fingerprint else { return nil }
    let there = RunRecord(folder).settings
    guard !there.isEmpty else { return (state, "its settings cannot be read") }
    return ResultSettings.difference(there: ResultSettings(there), here: settings).map { (state, $0) }
  }

  /// Throws where the folder holds a finished run of another configuration.
  func refuseOverwriting() throws {
    guard let other, other.state.kind == .done else { return }
    throw LaboratoryError(
      "\(folder): it holds a finished run of another configuration (\(other.difference)); repeat with --overwrite to "
        + "replace it, or keep both with another 'name' or results=DIR.")
  }

  /// Removes what a run of another configuration left in the folder.
  func clear(_ journal: Journal) throws {
    guard let other else { return }
    journal.say(
      "\(folder): replaces \(other.state.kind == .done ? "a finished" : "an unfinished") run of another configuration "
        + "(\(other.difference))")
    // A stop in between leaves a run of the other configuration, which is removed by the next start.
    try Folder.write("stopped\nconfiguration \(other.state.fingerprint)\n", to: "\(folder)/STATUS")
    let manager = FileManager.default
    for name in try manager.contentsOfDirectory(atPath: folder) where Self.isOutput(name) {
      let path = "\(folder)/\(name)"
      do { try manager.removeItem(atPath: path) } catch {
        throw LaboratoryError("\(path): it belongs to another configuration and cannot be removed; remove it by hand.")
      }
    }
    try Folder.make("\(folder)/samples")
  }

  /// Returns true for the files and folders that commands make in the folder of a run. The lock is held, and the
  /// settings are written anew.
  private static func isOutput(_ name: String) -> Bool {
    [
      "results.json", "samples.h5", "samples", "sampled", "figures", "report.html", "tensorboard", "log.txt",
      "PROGRESS",
      "inputs.json",
    ].contains(name) || name.hasPrefix("metrics.")
  }
}

extension ExperimentRuns {
  /// Throws, before anything runs, where an expectation cannot be checked, where the folder of all runs belongs to
  /// another file, and unless `overwrites` where the folder of a run holds a finished run of another configuration.
  package func prepare(_ chosen: [RunSpec]) throws {
    try checkExpectations()
    try recordFile()
    if !overwrites { for spec in chosen { try spec.refuseOverwriting() } }
  }

  /// Records in the folder of all runs to which file it belongs; throws where it belongs to another one, whose runs
  /// would share tables with these.
  ///
  /// A file that was moved or copied keeps its folder: another one is a file that still exists and has another text.
  private func recordFile() throws {
    let record = "\(folder)/experiment-file.txt"
    guard let text = try Folder.content(of: file) else { return }
    let path = URL(fileURLWithPath: file).resolvingSymlinksInPath().path
    let lock = try Lock.waiting(for: folder)
    defer { lock.release() }
    Folder.removeAbandonedFiles(in: folder)
    if let recorded = try Folder.content(of: record) {
      let earlier = String(decoding: recorded, as: UTF8.self).trimmingCharacters(in: .newlines)
      if earlier == path { return }
      if let other = try? Folder.content(of: earlier), other != text {
        throw LaboratoryError(
          "\(folder): it holds runs of \(earlier), a file of the same name; give this one another by 'name: ...', or "
            + "choose another folder with results=DIR.")
      }
    }
    try Folder.write(path + "\n", to: record)
  }
}
