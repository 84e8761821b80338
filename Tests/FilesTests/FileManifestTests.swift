import Files
import Foundation
import ProgramSupport
import Testing

@Suite struct FileManifestTests {
  private let scratch = Scratch()
  private var cache: String { "\(scratch.path)/deep/cache" }
  private var manifest: FileManifest { FileManifest(in: cache) }

  /// Makes a file whose last change lies so far back that its times are certain to show the next one.
  private func old(_ text: String, _ name: String) throws -> String {
    try scratch.write(text, name)
    return "\(scratch.path)/\(name)"
  }

  /// Waits until a change of files made until now shows in their times.
  private func settle() { usleep(2_050_000) }

  /// Returns the number of bytes that are read for the hashes of files.
  private func read(_ paths: [String], by manifest: FileManifest) throws -> Int {
    var bytes = 0
    let hashes = try manifest.hashes(of: paths) { bytes += $0 }
    #expect(hashes == paths.map { SHA256.hex(ofFile: $0) })
    return bytes
  }

  @Test("A file is read again only where it changed: content, size, times, inode")
  func changes() throws {
    let paths = try (0..<6).map { try old("content \($0)", "files/\($0)") } + [try old("other", "more/0")]
    settle()
    #expect(try read(paths, by: manifest) == 6 * 9 + 5)
    #expect(try read(paths, by: manifest) == 0)
    // Same length; time set back; another file of the same size and time in its position; longer; only touched.
    let url = { URL(fileURLWithPath: paths[$0]) }
    try Data("CONTENT 0".utf8).write(to: url(0))
    let time = try FileManager.default.attributesOfItem(atPath: paths[1])[.modificationDate] as? Date
    let handle = try FileHandle(forWritingTo: url(1))
    try handle.write(contentsOf: Data("CONTENT 1".utf8))
    try handle.close()
    try FileManager.default.setAttributes([.modificationDate: try #require(time)], ofItemAtPath: paths[1])
    rename(paths[2], paths[3])
    try Data("content 2".utf8).write(to: url(2))
    try Data("content 44".utf8).write(to: url(4))
    utimes(paths[5], nil)
    #expect(try read(paths, by: manifest) == 5 * 9 + 10)
  }

  @Test("A file that was changed within the tick in which it was read is read again")
  func racy() throws {
    let path = try old("a", "file")
    #expect(try read([path], by: manifest) == 1)
    #expect(try read([path], by: manifest) == 1)
    settle()
    #expect(try read([path], by: manifest) == 1)
    #expect(try read([path], by: manifest) == 0)
  }

  @Test("A damaged, cut, emptied or missing manifest costs time and changes no hash")
  func damage() throws {
    let paths = try (0..<8).map { try old("content \($0)", "files/\($0)") }
    settle()
    #expect(try read(paths, by: manifest) == 72)
    let file = try #require(scratch.content.first { $0.hasPrefix("deep/cache/") })
    let url = URL(fileURLWithPath: "\(scratch.path)/\(file)"), whole = try Data(contentsOf: url)
    for offset in stride(from: 0, to: whole.count, by: 37) {
      var damaged = whole
      damaged[offset] ^= 1
      try damaged.write(to: url)
      let again = try read(paths, by: manifest)
      #expect(again <= 18, "byte \(offset)")
      try whole.prefix(offset).write(to: url)
      _ = try read(paths, by: manifest)
      #expect(try read(paths, by: manifest) == 0, "cut at \(offset)")
    }
    try FileManager.default.removeItem(at: url)
    #expect(try read(paths, by: manifest) == 72)
  }

  @Test("Without a cache, or with one that cannot be written, hashes are right and nothing is trusted")
  func withoutCache() throws {
    let path = try old("a", "file")
    for manifest in [FileManifest(in: nil), FileManifest(in: "/proc/none/cache"), FileManifest(in: "\(path)/cache")] {
      #expect(try manifest.record(path, as: .written) == SHA256.hex(of: "a"))
      #expect(try manifest.hash(of: path) == SHA256.hex(of: "a"))
      #expect(!manifest.isTrusted(path))
    }
    #expect(throws: FileError("\(path)s", .missing)) { try manifest.hash(of: "\(path)s") }
    #expect(throws: FileError("\(path)s", .missing)) { try manifest.record("\(path)s", as: .sound) }
    #expect(!manifest.isTrusted("\(path)s"))
  }

  @Test("Trust follows the content: it stays where a file is touched, and goes where it is changed")
  func trust() throws {
    let path = try old("a", "file"), link = "\(scratch.path)/link"
    _ = try manifest.hash(of: path)
    #expect(!manifest.isTrusted(path))
    try manifest.record(path, as: .written)
    #expect(manifest.isTrusted(path))
    settle()
    utimes(path, nil)
    #expect(manifest.isTrusted(path))
    symlink("file", link)
    #expect(!manifest.isTrusted(link))
    try manifest.record(link, as: .sound)
    #expect(manifest.isTrusted(link) && manifest.isTrusted(path))
    try scratch.write("b", "file")
    #expect(!manifest.isTrusted(path) && !manifest.isTrusted(link))
    // Trust that was lost does not come back with the old content, which another program wrote.
    try scratch.write("a", "file")
    #expect(!manifest.isTrusted(path))
    try manifest.record(path, as: .written)
    _ = try manifest.hash(of: path)
    try scratch.write("b", "file")
    _ = try manifest.hash(of: path)
    #expect(!manifest.isTrusted(path))
  }

  @Test("Several processes remember at once, and a manifest stays short however often its files change")
  func together() throws {
    let paths = try (0..<40).map { try old("content \($0)", "files/\($0)") }
    let manifest = manifest
    DispatchQueue.concurrentPerform(iterations: 40) { index in
      _ = try? manifest.hash(of: paths[index])
      _ = try? manifest.record(paths[index], as: .written)
    }
    #expect(paths.allSatisfy { manifest.isTrusted($0) })
    for round in 0..<200 {
      try Data("\(round)".utf8).write(to: URL(fileURLWithPath: paths[0]))
      #expect(try manifest.hash(of: paths[0]) == SHA256.hex(of: "\(round)"))
    }
    let file = try #require(scratch.content.first { $0.hasPrefix("deep/cache/") })
    #expect(try RegularFile.bytes("\(scratch.path)/\(file)").count < 40_000)
    #expect(paths.dropFirst().allSatisfy { manifest.isTrusted($0) })
  }

  @Test("Manifests of folders that are gone are removed in time, and what watches can end the work")
  func staleAndStopped() throws {
    struct Enough: Error {}
    for number in 0..<300 {
      let path = try old("a", "folder\(number)/file")
      _ = try manifest.hash(of: path)
      try FileManager.default.removeItem(atPath: "\(scratch.path)/folder\(number)")
    }
    #expect(scratch.content.filter { $0.hasPrefix("deep/cache/") }.count < 140)
    let paths = try (0..<3).map { try old("content", "files/\($0)") }
    var count = 0
    #expect(throws: Enough.self) {
      try manifest.hashes(of: paths) { _ in
        count += 1
        if count == 2 { throw Enough() }
      }
    }
    #expect(throws: FileError(scratch.path, .notRegular("a folder"))) { try manifest.hash(of: scratch.path) }
  }
}
