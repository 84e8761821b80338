import Foundation

/// The state of a run, as `STATUS` of its folder and its lock say.
package struct RunState {
  /// A run is waiting until its folder has a `STATUS`.
  package enum Kind: String {
    /// Not begun.
    case waiting
    /// In progress in a process that holds the lock.
    case running
    /// Interrupted; the command resumes it.
    case stopped
    /// Ended by an error.
    case failed
    /// Ended by a signal or for want of memory.
    case crashed
    /// Complete.
    case done
  }

  /// The run's folder.
  let folder: String
  /// The state now: a run that says "running" but holds no lock was killed, and counts as stopped.
  package let kind: Kind
  /// The reason of a failure, or the stages that were made.
  package let detail: String
  /// The fingerprint of the configuration that the run had.
  package let fingerprint: String

  /// Reads the folder; one that does not exist is a waiting run.
  package init(_ folder: String) {
    self.folder = folder
    let lines = ((try? String(contentsOfFile: "\(folder)/STATUS", encoding: .utf8)) ?? "").split(separator: "\n").map(
      String.init)
    let words = (lines.first ?? "").split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
    let recorded = Kind(rawValue: words.first ?? "") ?? .waiting
    kind = recorded == .running && !Lock.isHeld(folder) ? .stopped : recorded
    detail = words.count > 1 ? words[1] : ""
    fingerprint = lines.dropFirst().first { $0.hasPrefix("configuration ") }.map { String($0.dropFirst(14)) } ?? ""
  }

  /// Returns true where the run is done with this configuration.
  func isDone(as fingerprint: String) -> Bool { kind == .done && self.fingerprint == fingerprint }
}
