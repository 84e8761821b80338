import Foundation

/// The files that a run read, and the artefacts that it used: `inputs.json` of a run folder.
struct InputRecord: Codable {
  /// A file, as it was when it was read.
  struct Input: Codable {
    var path: String
    /// SHA-256 of the content.
    var hash: String
  }
  /// Files of data sets and tokenizers, and checkpoints that a training started from.
  var inputs: [Input]
  /// The folders of the artefacts.
  var tokenizer: String
  var latents: String
  var model: String

  /// Returns the file's path.
  private static func path(in folder: String) -> String { "\(folder)/inputs.json" }

  /// Writes the file of a run folder.
  func write(to folder: String) throws { try Folder.write(try JSON.encoded(self), to: Self.path(in: folder)) }
}

extension InputRecord {
  /// Reads the file of a run; nil where there is none. Throws where it is not such a file.
  init?(in folder: String) throws {
    let path = Self.path(in: folder)
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    do { self = try JSON.decoded(InputRecord.self, from: data) } catch {
      throw LaboratoryError("\(path): this is not what 'overtone run' writes; run the experiment again.")
    }
  }
}
