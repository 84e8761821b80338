import Glibc

/// The SHA-256 of files of this machine, remembered between processes: a file with the size, times and inode that it
/// had is not read again.
///
/// What is remembered lies in the user's cache and not beside the files, since a folder that comes from elsewhere must
/// not vouch for its own files. The cache may be removed at any time, may be damaged, or impossible to write: hashes
/// then take the time to read the files, and `isTrusted` is false.
public struct FileManifest: Sendable {
  /// The origin of the trust in a file.
  public enum Mark: Character, Sendable {
    /// This program wrote it.
    case written = "w"
    /// It was read through without damage.
    case sound = "s"
  }

  /// The folder of the cache; nil where there is none.
  private let cache: String?

  /// A manifest that is kept in a folder, which is made when it is needed; nil remembers nothing.
  public init(in cache: String?) { self.cache = cache }

  /// The manifest of the user: `overtone/files` in `$XDG_CACHE_HOME`, or in `~/.cache`.
  public static var ofUser: FileManifest {
    func variable(_ name: String) -> String? {
      getenv(name).map { String(cString: $0) }.flatMap { $0.hasPrefix("/") ? $0 : nil }
    }
    let folder = variable("XDG_CACHE_HOME") ?? variable("HOME").map { "\($0)/.cache" }
    return FileManifest(in: folder.map { "\($0)/overtone/files" })
  }

  // MARK: Hashes

  /// Returns the SHA-256 of a file, 64 hexadecimal digits. Throws where it cannot be read.
  public func hash(of path: String) throws(FileError) -> String {
    do { return try hashes(of: [path]) { _ in }[0] } catch {
      // Nothing else can be thrown where nothing watches.
      throw error as? FileError ?? FileError(path, .unreadable("\(error)"))
    }
  }

  /// Returns the SHA-256 of files, 64 hexadecimal digits each.
  ///
  /// `watch` is called with the number of bytes of each part that was read, at most 1 MiB, and of each file that was
  /// not, 0; what it throws ends the work. What was hashed until then is remembered. Throws a `FileError` where a file
  /// cannot be read.
  public func hashes(of paths: [String], watch: (Int) throws -> Void) throws -> [String] {
    var hashes: [String] = [], open: Open?, unsaved = 0
    hashes.reserveCapacity(paths.count)
    defer { open?.manifest?.save() }
    for path in paths {
      let (parent, name) = Self.parts(of: path)
      if open?.parent != parent {
        open?.manifest?.save()
        open = Open(parent: parent, manifest: manifest(of: parent))
      }
      let entry = try self.entry(of: path, open?.manifest?.entries[name]) {
        unsaved += $0
        try watch($0)
      }
      hashes.append(entry.hash)
      if open?.manifest?.entries[name] != entry.new { entry.new.map { open?.manifest?.remember($0, of: name) } }
      // About a second of hashing is lost where the process is killed.
      if unsaved > 1 << 30 {
        open?.manifest?.save()
        unsaved = 0
      }
    }
    return hashes
  }

  // MARK: Trust

  /// Returns true for a file that this program wrote or read through without damage on this machine, and that is still
  /// the same. Reads the file only where its times cannot say so.
  public func isTrusted(_ path: String) -> Bool {
    let (parent, name) = Self.parts(of: path)
    guard var manifest = manifest(of: parent), let old = manifest.entries[name],
      old.marks.contains(where: { Mark(rawValue: $0) != nil }), FileStamp(of: path)?.size == old.stamp.size,
      let entry = try? entry(of: path, old, { _ in }), let new = entry.new
    else { return false }
    if new != old {
      manifest.remember(new, of: name)
      manifest.save()
    }
    return new.marks.contains { Mark(rawValue: $0) != nil }
  }

  /// Records that a file is trusted from now on, as it is now; returns its SHA-256, which is computed where it is not
  /// remembered. Throws where the file cannot be read.
  @discardableResult public func record(_ path: String, as mark: Mark) throws(FileError) -> String {
    let (parent, name) = Self.parts(of: path)
    guard var manifest = manifest(of: parent) else { return try hash(of: path) }
    do {
      let entry = try entry(of: path, manifest.entries[name]) { _ in }
      if var new = entry.new {
        if !new.marks.contains(mark.rawValue) { new.marks.append(mark.rawValue) }
        if new != manifest.entries[name] { manifest.remember(new, of: name) }
        manifest.save()
      }
      return entry.hash
    } catch { throw error as? FileError ?? FileError(path, .unreadable("\(error)")) }
  }

  // MARK: Entries

  /// The manifest of the folder of the last file; files of a folder mostly follow each other.
  private struct Open {
    var parent: String
    var manifest: FolderManifest?
  }

  /// Returns the hash of a file, and what to remember of it: nil where the file changed while it was read.
  ///
  /// The old entry holds where nothing changed. Where times alone cannot say so the file is read, and keeps its marks
  /// where the content is the same.
  private func entry(of path: String, _ old: FolderManifest.Entry?, _ watch: (Int) throws -> Void) throws
    -> (hash: String, new: FolderManifest.Entry?)
  {
    let begin = FileStamp.now, stamp = FileStamp(of: path)
    if let old, old.stamp == stamp, old.isSettled {
      try watch(0)
      return (old.hash, old)
    }
    let hash = try SHA256.hex(ofFile: path, watch: watch)
    guard let stamp, FileStamp(of: path) == stamp else { return (hash, nil) }
    var marks = old?.hash == hash ? old?.marks.filter { $0 != "r" } ?? "" : ""
    if !stamp.isSettled(at: begin) { marks.append("r") }
    return (hash, FolderManifest.Entry(stamp: stamp, hash: hash, marks: marks))
  }

  /// Returns the path of a file's folder and its name.
  private static func parts(of path: String) -> (parent: String, name: String) {
    guard let slash = path.lastIndex(of: "/") else { return (".", path) }
    let parent = path[..<slash]
    return (parent.isEmpty ? "/" : String(parent), String(path[path.index(after: slash)...]))
  }

  /// Returns what is remembered of the files of a folder; nil where there is no cache, or no such folder.
  private func manifest(of folder: String) -> FolderManifest? {
    guard let cache, let resolved = realpath(folder, nil) else { return nil }
    defer { free(resolved) }
    Self.make(cache)
    let manifest = FolderManifest(of: String(cString: resolved), in: cache)
    if manifest.entries.isEmpty { removeStale(in: cache) }
    return manifest
  }

  /// Makes the folder of the cache, which only its user can read or write.
  private static func make(_ folder: String) {
    guard access(folder, F_OK) != 0 else { return }
    if let slash = folder.lastIndex(of: "/"), slash > folder.startIndex { make(String(folder[..<slash])) }
    mkdir(folder, 0o700)
  }

  /// Removes manifests of folders that are gone, at every 128th new one.
  private func removeStale(in cache: String) {
    guard let list = opendir(cache) else { return }
    defer { closedir(list) }
    var names: [String] = []
    while let entry = readdir(list) {
      let name = withUnsafeBytes(of: entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if !name.hasPrefix(".") { names.append(name) }
    }
    guard names.count % 128 == 127 else { return }
    for path in names.map({ "\(cache)/\($0)" }) {
      if let folder = FolderManifest.folder(namedIn: path), access(folder, F_OK) != 0 { unlink(path) }
    }
  }
}
