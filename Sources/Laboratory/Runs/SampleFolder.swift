import Foundation

/// A folder of generated images, which holds what its `samples.h5` holds and nothing of an earlier call.
///
/// It is filled beside its path, and then replaces an earlier one. In a folder that holds other files, too,
/// the images of an earlier call are replaced and the other files are left as they are.
package struct SampleFolder {
  /// The folder's path.
  package let path: String
  private var manager: FileManager { FileManager.default }

  /// Throws where the folder holds images of this form of name that no `samples.h5` belongs to.
  package init(_ path: String) throws {
    self.path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    let names = content
    guard !names.contains("samples.h5"), let image = names.sorted().first(where: Self.isImage) else { return }
    throw LaboratoryError(
      "\(self.path): it holds \(image) and no samples.h5, so that its images are not of 'overtone sample'; choose "
        + "another folder with --out.")
  }

  /// Names in the folder; empty where there is none.
  private var content: [String] { (try? manager.contentsOfDirectory(atPath: path)) ?? [] }

  /// Returns true for "0012.png": at least four digits.
  private static func isImage(_ name: String) -> Bool {
    let digits = name.dropLast(".png".count)
    return name.hasSuffix(".png") && digits.utf8.count >= 4 && digits.utf8.allSatisfy { (48...57).contains($0) }
  }

  /// Returns true for the files of a call.
  private static func isOutput(_ name: String) -> Bool { isImage(name) || ["samples.h5", "grid.png"].contains(name) }

  /// Calls `body` with an empty folder to write to, whose content then becomes that of this folder. Nothing has changed
  /// where `body` throws.
  package func replace(by body: (String) throws -> Void) throws {
    let isMixed = content.contains { !Self.isOutput($0) }
    // A folder of other files may lie where nothing can be made beside it.
    let base = isMixed ? "\(path)/.sampled.tmp." : "\(path).tmp."
    try Folder.make(isMixed ? path : URL(fileURLWithPath: path).deletingLastPathComponent().path)
    removeAbandoned(base)
    let fresh = base + "\(getpid())"
    try? manager.removeItem(atPath: fresh)
    try Folder.make(fresh)
    defer { try? manager.removeItem(atPath: fresh) }
    try body(fresh)
    do {
      if isMixed { try merge(fresh) } else { try exchange(fresh) }
    } catch {
      throw LaboratoryError("\(path): the images cannot be put into this folder; choose another with --out.")
    }
  }

  /// Removes what calls that were killed have left.
  private func removeAbandoned(_ base: String) {
    let url = URL(fileURLWithPath: base), folder = url.deletingLastPathComponent().path
    for name in (try? manager.contentsOfDirectory(atPath: folder)) ?? [] where name.hasPrefix(url.lastPathComponent) {
      guard let process = Int32(name.dropFirst(url.lastPathComponent.count)) else { continue }
      if kill(process, 0) != 0, errno == ESRCH { try? manager.removeItem(atPath: "\(folder)/\(name)") }
    }
  }

  /// Replaces the old folder by the new one.
  private func exchange(_ fresh: String) throws {
    guard Folder.exists(path) else { return try manager.moveItem(atPath: fresh, toPath: path) }
    let old = fresh + ".old"
    try manager.moveItem(atPath: path, toPath: old)
    try manager.moveItem(atPath: fresh, toPath: path)
    try manager.removeItem(atPath: old)
  }

  /// Puts the new files among others, instead of those of an earlier call.
  private func merge(_ fresh: String) throws {
    for name in content where Self.isOutput(name) { try manager.removeItem(atPath: "\(path)/\(name)") }
    for name in try manager.contentsOfDirectory(atPath: fresh) {
      try manager.moveItem(atPath: "\(fresh)/\(name)", toPath: "\(path)/\(name)")
    }
  }
}
