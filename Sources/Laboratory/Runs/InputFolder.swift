import Files
import Foundation

/// Many files of a data set as one input: their hashes in a list beside the artefacts, which `sha256sum -c` reads, and
/// the hash of that list.
struct InputFolder {
  /// The deepest folder that holds all files.
  let path: String
  /// A line for each file in the order of paths: hash, two spaces, path below the folder.
  let list: String

  /// `files` hold at least one path, all relative or all absolute.
  init(_ files: [(path: String, hash: String)]) {
    var parts = files[0].path.split(separator: "/", omittingEmptySubsequences: false).dropLast()
    for file in files {
      while !file.path.hasPrefix(parts.joined(separator: "/") + "/"), !parts.isEmpty { parts.removeLast() }
    }
    let folder = parts.joined(separator: "/")
    path = folder.isEmpty ? (parts.isEmpty ? "." : "/") : folder
    list = files.map { file in "\(file.hash)  \(file.path.dropFirst(parts.isEmpty ? 0 : folder.utf8.count + 1))\n" }
      .sorted { $0.dropFirst(66) < $1.dropFirst(66) }.joined()
  }

  /// The SHA-256 of the list.
  var hash: String { SHA256.hex(of: list) }

  /// Returns the path of the list with a hash.
  static func path(ofList hash: String, in results: String) -> String {
    "\(results)/artefacts/inputs-\(hash.prefix(12)).sha256"
  }

  /// Writes the list where it is missing, and returns the input that stands for all files.
  func record(in results: String, count: Int) throws -> InputRecord.Input {
    let hash = hash, file = Self.path(ofList: hash, in: results)
    if !Folder.exists(file) {
      try Folder.make("\(results)/artefacts")
      try Folder.write(list, to: file)
    }
    return InputRecord.Input(path: path, hash: hash, files: count)
  }

  /// Returns one sentence for each way in which a folder is not what a run read; reads every file.
  static func findings(in input: InputRecord.Input, results: String) -> [String] {
    let file = path(ofList: input.hash, in: results)
    guard Folder.exists(input.path) else { return ["it is missing, and the run read it."] }
    guard let bytes = try? RegularFile.bytes(file), case let list = String(decoding: bytes, as: UTF8.self),
      SHA256.hex(of: list) == input.hash
    else { return ["its files cannot be compared: the list of their hashes, \(file), is missing or changed."] }
    let lines = list.split(separator: "\n").map { ($0.prefix(64), "\(input.path)/\($0.dropFirst(66))") }
    let others = lines.filter { hash, path in SHA256.hex(ofFile: path).map { $0 != hash } ?? true }
    guard let first = others.first else { return [] }
    return ["\(others.count) of its \(lines.count) files are not what the run read, the first is \(first.1)."]
  }
}
