import Foundation

/// What a run read and used, for those who repeat it: `inputs.json` of a run folder.
struct InputRecord: Codable {
  struct Input: Codable {
    var path: String
    /// SHA-256 of its content when it was read.
    var hash: String
  }
  /// Files of data sets and tokenizers, and checkpoints that a training began from.
  var inputs: [Input]
  /// The folders of what the stages made.
  var tokenizer: String
  var latents: String
  var model: String

  private static func path(in folder: String) -> String { "\(folder)/inputs.json" }

  func write(to folder: String) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    try Folder.write(String(decoding: try encoder.encode(self), as: UTF8.self) + "\n", to: Self.path(in: folder))
  }
}

extension InputRecord {
  /// Nil where there is none.
  init?(in folder: String) throws {
    let path = Self.path(in: folder)
    guard let data = FileManager.default.contents(atPath: path) else { return nil }
    do { self = try JSONDecoder().decode(InputRecord.self, from: data) } catch {
      throw LaboratoryError("\(path): this is not what 'overtone run' writes; run the experiment again.")
    }
  }
}
