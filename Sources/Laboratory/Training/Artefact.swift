import Files
import Foundation
import Settings
import Storage

/// The output folder of one stage, named by a hash of everything that shaped it, and shared by all runs whose settings
/// give the same hash.
package struct Artefact {
  /// `<results>/artefacts/<stage>-<hash>`.
  package let folder: String
  /// "tokenizer", "latents" or "model".
  let stage: String
  /// The settings that shape the stage, a line each.
  let settings: [String]
  /// The hashes of the files that the stage reads, a line each.
  let inputs: [String]
  /// The trained artefacts that the stage is made with.
  let sources: [Artefact]

  /// The settings and input hashes that shape the stage, a line each; the folder's name is their hash.
  var recipe: String { Self.recipe(stage, settings, inputs) }

  private static func recipe(_ stage: String, _ settings: [String], _ inputs: [String]) -> String {
    (["stage=\(stage)"] + settings + inputs).joined(separator: "\n") + "\n"
  }

  /// `sections` are the parts of the experiment that shape the stage; `inputs` the hashes of the files that it reads;
  /// `sources` the artefacts that it is made with.
  init(
    _ stage: String, in results: String, _ settings: Settings, sections: [String], inputs: [String],
    sources: [Artefact]
  ) {
    let lines = settings.reads.filter { section, reading in
      reading.yaml != nil && reading.affectsTraining
        && sections.contains { Artefact.isInside("\(section).\(reading.key)", $0) }
        && !Artefact.isCosmetic(reading.key)
    }.map { section, reading in "\(section).\(reading.key)=\(reading.yaml ?? "")" }
    self.stage = stage
    self.settings = lines.sorted()
    self.inputs = inputs
    self.sources = sources
    let hash = SHA256.hex(of: Self.recipe(stage, self.settings, inputs))
    folder = "\(results)/artefacts/\(stage)-\(hash.prefix(12))"
  }

  /// The artefact in a folder, without what shaped it.
  init(_ stage: String, folder: String) {
    (self.stage, self.folder) = (stage, folder)
    (settings, inputs, sources) = ([], [], [])
  }

  /// Returns true where a setting's path is in a section, or is its key at the root.
  private static func isInside(_ path: String, _ section: String) -> Bool {
    path == section || path == ".\(section)" || path.hasPrefix("\(section).") || path.hasPrefix("\(section)[")
  }

  /// Returns true for settings that change the execution of a stage and not its result.
  private static func isCosmetic(_ key: String) -> Bool { ResultSettings.cosmetic.contains(key) }

  /// Steps that the checkpoint has taken; nil where there is no checkpoint.
  var step: Int? { (try? Reader(checkpoint).ints("cursor/step"))?.first }

  /// Returns the path of the latents: codes serve one direction, numbers all of them.
  func latents(_ content: LatentFile.Form.Content) -> String {
    "\(folder)/\(content == .codes ? "codes" : "latents").h5"
  }
  /// The path of the checkpoint.
  var checkpoint: String { "\(folder)/checkpoint.h5" }
  /// The log of the training.
  var metrics: MetricsLog { MetricsLog("\(folder)/metrics.h5") }

  /// Creates the folder.
  func prepare() throws { try Folder.make(folder) }
}
