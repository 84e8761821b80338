import Files
import Foundation

/// Operations on folders and small text files, with errors that name the setting to change.
package enum Folder {
  /// Creates a folder with its parents; throws where that is impossible or the folder is not writable.
  package static func make(_ path: String) throws {
    if let reason = refusal(path) {
      throw LaboratoryError("\(path): this folder cannot be made: \(reason); choose another with results=DIR.")
    }
    guard access(path, W_OK) == 0 else {
      let reason = String(cString: strerror(errno))
      throw LaboratoryError("\(path): this folder cannot be written: \(reason); choose another with results=DIR.")
    }
  }

  /// Creates a folder with its parents; returns the reason of the system where that is impossible.
  static func refusal(_ path: String) -> String? {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return nil }
    var parent = path.hasPrefix("/") ? "/" : ""
    for name in path.split(separator: "/") {
      parent += name + "/"
      // Another process may make the same folder now.
      guard mkdir(parent, 0o777) == 0 || stat(parent, &status) == 0 else { return String(cString: strerror(errno)) }
    }
    guard stat(path, &status) == 0 else { return String(cString: strerror(errno)) }
    return status.st_mode & S_IFMT == S_IFDIR ? nil : String(cString: strerror(ENOTDIR))
  }

  /// Returns the content of a file; nil where there is none. Throws where the disk does not give it: a record that is
  /// there must not be taken for one that is missing.
  package static func content(of path: String) throws -> Data? {
    do throws(FileError) {
      let source = try ByteSource(file: path)
      return Data(try source.bytes(at: 0, count: source.count))
    } catch {
      guard error.reason == .missing else { throw LaboratoryError("\(error)") }
      return nil
    }
  }

  /// Writes a text atomically: into a temporary file first, which then replaces the one at `path`.
  package static func write(_ text: String, to path: String) throws {
    try writeWhole(Array(text.utf8), to: path)
  }

  /// Removes the temporary files that processes left behind when they were killed, in a folder and below it.
  ///
  /// The caller holds the folder's lock and has written nothing yet: on no computer of a cluster does another process
  /// work there.
  static func removeAbandonedFiles(below folder: String) {
    for case let name as String in FileManager.default.enumerator(atPath: folder) ?? .init()
    where TemporaryName.isAbandoned(name) || name.hasSuffix("PROGRESS.tmp") { unlink("\(folder)/\(name)") }
  }

  /// As `removeAbandonedFiles(below:)`, without the folders in it.
  static func removeAbandonedFiles(in folder: String) {
    for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    where TemporaryName.isAbandoned(name) || name == "PROGRESS.tmp" { unlink("\(folder)/\(name)") }
  }

  /// Returns the paths below a folder that end in `suffix`, relative to it, numbers in their numeric order. Throws
  /// where there is no such folder.
  static func paths(below folder: String, endingIn suffix: String) throws -> [String] {
    if let format = FileFormat.name(ofFile: folder) {
      throw LaboratoryError("\(folder): this is \(format); name a run, a folder of runs, or an experiment file.")
    }
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
