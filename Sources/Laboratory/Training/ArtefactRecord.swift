import Files
import Foundation

/// The content of an artefact's folder by hash, and what it was made from: `artefact.json` beside the files.
///
/// It is written when a stage begins, without files, and once more when a file is complete: a checkpoint of a training
/// that goes on is not in it.
struct ArtefactRecord: Codable, Equatable {
  /// The settings that shape the stage, "training.steps=300" each, sorted.
  var settings: [String]
  /// SHA-256 over the hashes of the input files.
  var inputs: String
  /// SHA-256 of the checkpoints that the stage was made with, by the name of their stage.
  var sources: [String: String]
  /// SHA-256 of the complete files, by name.
  var files: [String: String]

  /// Returns the path of the record of a folder.
  private static func path(in folder: String) -> String { "\(folder)/artefact.json" }

  /// A record with all of its fields.
  init(settings: [String], inputs: String, sources: [String: String], files: [String: String]) {
    (self.settings, self.inputs, self.sources, self.files) = (settings, inputs, sources, files)
  }

  /// Reads the record of a folder; nil where there is none, as older versions left it, or what is there is no record.
  /// Throws where the disk does not give it.
  init?(in folder: String) throws {
    guard let data = try Folder.content(of: Self.path(in: folder)),
      let record = try? JSON.decoded(ArtefactRecord.self, from: data)
    else { return nil }
    self = record
  }

  /// Writes the record of a folder.
  func write(to folder: String) throws { try Folder.write(try JSON.encoded(self), to: Self.path(in: folder)) }

  /// Returns the only setting in which two artefacts of the same inputs differ, with the value of each:
  /// "training.steps", "300", "600". Nil where there is none, or more than one.
  func difference(from other: ArtefactRecord) -> (setting: String, value: String, other: String)? {
    guard inputs == other.inputs, settings.count == other.settings.count else { return nil }
    let lines = Set(settings).subtracting(other.settings), otherLines = Set(other.settings).subtracting(settings)
    guard lines.count == 1, otherLines.count == 1, let line = lines.first?.split(separator: "=", maxSplits: 1),
      let otherLine = otherLines.first?.split(separator: "=", maxSplits: 1), line[0] == otherLine[0]
    else { return nil }
    return (String(line[0]), line.dropFirst().joined(), otherLine.dropFirst().joined())
  }
}

// MARK: Content

extension Artefact {
  /// Begins the record of the stage, which is about to be made. Files that are complete stay in it, except for the
  /// checkpoint.
  func beginRecord() throws {
    let files = (try ArtefactRecord(in: folder)?.files ?? [:]).filter { name, _ in
      name != "checkpoint.h5" && Folder.exists("\(folder)/\(name)")
    }
    let hash = SHA256.hex(of: inputs.joined(separator: "\n"))
    try ArtefactRecord(settings: settings, inputs: hash, sources: sourceHashes(), files: files).write(to: folder)
  }

  /// Records a file that is complete, where that is not recorded yet.
  func record(_ path: String) throws {
    let name = URL(fileURLWithPath: path).lastPathComponent
    if try ArtefactRecord(in: folder) == nil { try beginRecord() }
    guard var record = try ArtefactRecord(in: folder), record.files[name] == nil else { return }
    record.files[name] = try FileManifest.ofUser.record(path, as: .written)
    try record.write(to: folder)
  }

  /// Throws where a file, or a checkpoint that the stage was made with, is not the one that was recorded.
  func check(_ path: String) throws {
    guard let record = try ArtefactRecord(in: folder) else { return }
    if let recorded = record.files[URL(fileURLWithPath: path).lastPathComponent], Folder.exists(path) {
      try Self.check(
        path, is: recorded, cure: "remove it, and run the experiment again with --force: this stage is made anew.")
    }
    for source in sources {
      guard let recorded = record.sources[source.stage], Folder.exists(source.checkpoint) else { continue }
      try Self.check(
        source.checkpoint, is: recorded, for: path,
        cure: "remove \(folder), and run the experiment again with --force: this stage is made anew.")
    }
  }

  /// Throws where the content of a file is not the one that was recorded; `user` is the path of what was made with it.
  static func check(_ path: String, is recorded: String, for user: String? = nil, cure: String) throws {
    guard try FileManifest.ofUser.hash(of: path) != recorded else { return }
    let what = user.map { "it is not the one that \($0) was made with" } ?? "its content is not what the run recorded"
    throw LaboratoryError("\(path): \(what) (SHA-256 \(recorded)); put that file back, or \(cure)")
  }

  /// The hashes of the checkpoints that the stage is made with, by stage.
  private func sourceHashes() throws -> [String: String] {
    var hashes: [String: String] = [:]
    for source in sources where Folder.exists(source.checkpoint) {
      hashes[source.stage] = try FileManifest.ofUser.hash(of: source.checkpoint)
    }
    return hashes
  }

  // MARK: Neighbours

  /// One line on a trained artefact of the same stage that differs in a single setting and is not continued; nil where
  /// there is none, or where the stage is begun already. `isVariant`: other settings than those of the training differ
  /// on purpose.
  func neighbourNote(isVariant: Bool) -> String? {
    guard !Folder.exists(checkpoint) else { return nil }
    let record = ArtefactRecord(
      settings: settings, inputs: SHA256.hex(of: inputs.joined(separator: "\n")), sources: [:], files: [:])
    let parent = URL(fileURLWithPath: folder).deletingLastPathComponent().path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: parent)) ?? []
    let found = names.sorted().compactMap { name -> (folder: String, setting: String, value: String, other: String)? in
      let other = "\(parent)/\(name)"
      guard name.hasPrefix("\(stage)-"), other != folder, Folder.exists("\(other)/checkpoint.h5"),
        let difference = (try? ArtefactRecord(in: other)).flatMap({ record.difference(from: $0) }),
        difference.setting != ".seed", !isVariant || difference.setting.contains("training.")
      else { return nil }
      return (other, difference.setting, difference.value, difference.other)
    }
    guard let best = found.first(where: { $0.setting.hasSuffix("training.steps") }) ?? found.first else { return nil }
    let other = Artefact(stage, folder: best.folder)
    guard let steps = other.step, steps > 0 else { return nil }
    return "\(stage): \(steps) steps with another \(best.setting) (\(best.other), here \(best.value)) are in "
      + "\(best.folder); they are not continued, since that setting shapes every step"
  }
}
