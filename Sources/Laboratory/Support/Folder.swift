import Files
import Foundation

/// Operations on folders and small text files, with errors that name the setting to change.
package enum Folder {
  /// Creates a folder with its parents; throws where that is impossible or the folder is not writable.
  package static func make(_ path: String) throws {
    do { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) } catch {
      throw LaboratoryError("\(path): this folder cannot be made; choose another with results=DIR.")
    }
    guard access(path, W_OK) == 0 else {
      throw LaboratoryError("\(path): this folder cannot be written; choose another with results=DIR.")
    }
  }

  /// Writes a text atomically: into a temporary file first, which then replaces the one at `path`.
  package static func write(_ text: String, to path: String) throws {
    try writeWhole(Array(text.utf8), to: path)
  }

  /// Returns the paths below a folder that end in `suffix`, relative to it, numbers in their numeric order. Throws
  /// where there is no such folder.
  static func paths(below folder: String, endingIn suffix: String) throws -> [String] {
    guard exists(folder), let paths = FileManager.default.enumerator(atPath: folder) else {
      throw LaboratoryError("\(folder): there is no such folder; name a run, a folder of runs, or an experiment file.")
    }
    return paths.compactMap { $0 as? String }.filter { $0.hasSuffix(suffix) }.sorted {
      $0.compare($1, options: .numeric) == .orderedAscending
    }
  }

  /// Returns true where a file or a folder is at the path.
  package static func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: path) }
}
