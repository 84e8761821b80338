import Foundation
import Settings
import Storage

/// What one stage of a run makes, in a folder whose name tells all that shaped it: made once, used by every run that
/// asks for the same.
struct Artefact {
  let folder: String
  /// The settings and inputs that shape it, a line each.
  let recipe: String

  /// `sections` are the parts of the experiment that shape the stage; `inputs` the hashes of what it reads.
  init(_ stage: String, in results: String, _ settings: Settings, sections: [String], inputs: [String]) {
    let lines = settings.reads.filter { section, reading in
      reading.yaml != nil && sections.contains { Artefact.isInside("\(section).\(reading.key)", $0) }
        && !Artefact.isCosmetic(reading.key)
    }.map { section, reading in "\(section).\(reading.key)=\(reading.yaml ?? "")" }
    recipe = (["stage=\(stage)"] + lines.sorted() + inputs).joined(separator: "\n") + "\n"
    folder = "\(results)/artefacts/\(stage)-\(SHA256.hex(of: recipe).prefix(12))"
  }

  private static func isInside(_ path: String, _ section: String) -> Bool {
    path == section || path == ".\(section)" || path.hasPrefix("\(section).") || path.hasPrefix("\(section)[")
  }

  /// Settings that change how a stage is run, not what it makes.
  private static func isCosmetic(_ key: String) -> Bool { key == "save-every" }

  var checkpoint: String { "\(folder)/checkpoint.h5" }
  var metrics: MetricsLog { MetricsLog("\(folder)/metrics.h5") }

  func prepare() throws { try Folder.make(folder) }
}

/// Folders and small files of a run.
enum Folder {
  static func make(_ path: String) throws {
    do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
      throw LaboratoryError("\(path): this folder cannot be made; choose another with results=DIR.")
    }
    guard access(path, W_OK) == 0 else {
      throw LaboratoryError("\(path): this folder cannot be written; choose another with results=DIR.")
    }
  }

  /// Writes a text beside its place first, then into it.
  static func write(_ text: String, to path: String) throws {
    do { try text.write(toFile: path, atomically: true, encoding: .utf8) } catch {
      throw LaboratoryError("\(path): it cannot be written: \(error.localizedDescription).")
    }
  }

  static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
