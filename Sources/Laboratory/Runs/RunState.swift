import Foundation

/// How far a run has come, as its folder says.
package struct RunState {
  package enum Kind: String { case waiting, running, stopped, failed, done }

  let folder: String
  package let kind: Kind
  /// Why it failed, or where it stands.
  package let detail: String
  /// The configuration that STATUS speaks of.
  package let fingerprint: String

  package init(_ folder: String) {
    self.folder = folder
    let lines = ((try? String(contentsOfFile: "\(folder)/STATUS", encoding: .utf8)) ?? "").split(separator: "\n").map(
      String.init)
    let words = (lines.first ?? "").split(separator: ":", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
    let said = Kind(rawValue: words.first ?? "") ?? .waiting
    // Who says that it runs but holds no lock was killed.
    kind = said == .running && !Lock.isHeld(folder) ? .stopped : said
    detail = words.count > 1 ? words[1] : ""
    fingerprint = lines.dropFirst().first { $0.hasPrefix("configuration ") }.map { String($0.dropFirst(14)) } ?? ""
  }

  /// Whether it is done, and with this configuration.
  func isDone(as fingerprint: String) -> Bool { kind == .done && self.fingerprint == fingerprint }
}
