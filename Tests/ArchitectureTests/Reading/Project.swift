import Foundation

/// The files that the rules read.
struct Project {
  let manifest: SourceFile
  /// Swift files of Sources, Plugins and Tests, and C files of Sources, ordered by path.
  let files: [SourceFile]

  init(manifest: SourceFile, files: [SourceFile]) {
    self.manifest = manifest
    self.files = files
  }

  /// Reads the project whose Package.swift lies in the folder `root`.
  init(root: String) throws {
    let folder = URL(fileURLWithPath: root)
    func file(_ path: String) throws -> SourceFile {
      try SourceFile(path: path, text: String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8))
    }
    manifest = try file("Package.swift")
    files = try ["Sources", "Plugins", "Tests"].flatMap { top in
      (FileManager.default.enumerator(atPath: folder.appendingPathComponent(top).resolvingSymlinksInPath().path)?
        .allObjects as? [String] ?? [])
        .filter { name in [".swift", ".h", ".c"].contains(where: name.hasSuffix) }.map { "\(top)/\($0)" }
    }.sorted().map(file)
  }

  /// The files that users run or import: Swift of Sources and Plugins, without the plugin of the build.
  var sources: [SourceFile] { files.filter { !$0.isTest && $0.isSwift && $0.target != "BuildCommit" } }

  /// The project with the text of one file replaced or added.
  func replacing(_ path: String, with text: String) -> Project {
    let file = SourceFile(path: path, text: text)
    if path == manifest.path { return Project(manifest: file, files: files) }
    return Project(manifest: manifest, files: (files.filter { $0.path != path } + [file]).sorted { $0.path < $1.path })
  }
}
