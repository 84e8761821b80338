import Files
import Foundation

/// The files that a run read, and the artefacts that it used: `inputs.json` of a run folder.
struct InputRecord: Codable {
  /// A file, as it was when it was read, or a folder of files.
  struct Input: Codable {
    var path: String
    /// SHA-256 of the content; of a folder that of `artefacts/inputs-<hash>.sha256`, the list of its files' hashes.
    var hash: String
    /// The number of files in a folder; nil for a file.
    var files: Int?
  }
  /// Files of data sets and tokenizers, and checkpoints that a training started from.
  var inputs: [Input]
  /// The folders of the artefacts.
  var tokenizer: String
  var latents: String
  var model: String
  /// SHA-256 of what the run made and used, by "samples.h5", "results.json", and stage and file:
  /// "model/checkpoint.h5". Nil for runs of older versions.
  var hashes: [String: String]?

  /// Returns the file's path.
  private static func path(in folder: String) -> String { "\(folder)/inputs.json" }

  /// Writes the file of a run folder.
  func write(to folder: String) throws { try Folder.write(try JSON.encoded(self), to: Self.path(in: folder)) }
}

extension InputRecord {
  /// Returns the folder of a stage's artefact: in the results folder that the run lies in now, else where the run left
  /// it.
  func folder(of stage: String, for run: String) -> String? {
    guard let recorded = ["tokenizer": tokenizer, "latents": latents, "model": model][stage] else { return nil }
    let name = URL(fileURLWithPath: recorded).lastPathComponent
    let current = "\(RunFolder.results(above: run).folder)/artefacts/\(name)"
    return Folder.exists(current) ? current : recorded
  }

  /// Returns the path of a file by its name in `hashes`.
  func path(of name: String, for run: String) -> String? {
    let parts = name.split(separator: "/", maxSplits: 1).map(String.init)
    return parts.count < 2 ? "\(run)/\(name)" : folder(of: parts[0], for: run).map { "\($0)/\(parts[1])" }
  }

  /// Writes a file of a run folder by `body`, and its hash into the record. The record is without the hash meanwhile:
  /// it never names another content, wherever the process is killed.
  static func recording(_ name: String, in folder: String, _ body: () throws -> Void) throws {
    guard var record = try InputRecord(in: folder) else { return try body() }
    if record.hashes?.removeValue(forKey: name) != nil { try record.write(to: folder) }
    try body()
    record.hashes = (record.hashes ?? [:]).merging([
      name: try FileManifest.ofUser.record("\(folder)/\(name)", as: .written)
    ]) { $1 }
    try record.write(to: folder)
  }

  /// Adds the hashes of the stages' complete files, as their artefacts record them.
  mutating func addStages(_ artefacts: Artefacts) {
    var found = hashes ?? [:]
    for artefact in [artefacts.tokenizer, artefacts.latents, artefacts.model] {
      for (name, hash) in (try? ArtefactRecord(in: artefact.folder))?.files ?? [:] {
        found["\(artefact.stage)/\(name)"] = hash
      }
    }
    hashes = found
  }

  /// Throws where a checkpoint is not the one that the run recorded.
  func check(_ artefacts: Artefacts) throws {
    for (artefact, recorded) in [(artefacts.tokenizer, tokenizer), (artefacts.model, model)] {
      let isSame =
        URL(fileURLWithPath: artefact.folder).lastPathComponent == URL(fileURLWithPath: recorded).lastPathComponent
      guard isSame, let hash = hashes?["\(artefact.stage)/checkpoint.h5"], Folder.exists(artefact.checkpoint) else {
        continue
      }
      try Artefact.check(
        artefact.checkpoint, is: hash,
        cure: "run the experiment again with --force: its images and numbers are made anew.")
    }
  }

  /// Returns the hashes of what a run made itself, not its stages; none where its record is missing or damaged. Throws
  /// where the disk does not give it.
  static func earlierHashes(in folder: String) throws -> [String: String] {
    guard let data = try Folder.content(of: path(in: folder)),
      let record = try? JSON.decoded(InputRecord.self, from: data)
    else { return [:] }
    return record.hashes?.filter { !$0.key.contains("/") } ?? [:]
  }

  /// Reads the file of a run; nil where there is none. Throws where it is not such a file.
  init?(in folder: String) throws {
    let path = Self.path(in: folder)
    guard let data = try Folder.content(of: path) else { return nil }
    do { self = try JSON.decoded(InputRecord.self, from: data) } catch {
      throw LaboratoryError("\(path): this is not what 'overtone run' writes; run the experiment again.")
    }
  }
}
