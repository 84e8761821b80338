import Foundation
import Images
import Storage

/// The import of a folder of class folders into one HDF5 file of square images.
package struct ImageImport {
  /// The folder of class folders.
  let folder: String
  /// The path of the HDF5 file.
  let output: String
  /// Pixels of a side.
  let size: Int

  /// `folder` holds a folder of PNG or JPEG files for each class, at any depth.
  package init(folder: String, output: String, size: Int) {
    // Without the slash at its end, so that paths inside it are relative.
    self.folder = folder.count > 1 && folder.hasSuffix("/") ? String(folder.dropLast()) : folder
    (self.output, self.size) = (output, size)
  }

  /// Writes the file; throws where the folder holds no images, or where one cannot be read.
  package func run(_ journal: Journal) throws {
    guard Self.isFolder(folder) else {
      throw LaboratoryError("\(folder): there is no such folder; name one that holds a folder of images per class.")
    }
    let classes = Self.names(in: folder).filter { Self.isFolder("\(folder)/\($0)") }
    let files = classes.enumerated().flatMap { label, name in
      Self.images(below: "\(folder)/\(name)").map { (path: $0, label: label) }
    }
    guard !files.isEmpty else {
      throw LaboratoryError(
        "\(folder): there are no images in folders of their class; it should hold CLASS/image.png or .jpg.")
    }
    // A stop removes the unfinished file first.
    let start = MonotonicClock.seconds, unfinished = Interruption.Hold()
    unfinished.begin()
    defer { unfinished.end() }
    try ImageFile.write(
      to: output,
      .init(
        height: size, width: size, labels: files.map(\.label), classNames: classes,
        sources: files.map { String($0.path.dropFirst(folder.count + 1)) })
    ) { index in
      if Interruption.isRequested { throw LaboratoryError("stopped; nothing was written to \(output).") }
      let image = try ByteImage.read(files[index].path).centreCropped(to: size)
      journal.progress(
        Progress(
          stage: "import", done: index + 1, total: files.count, details: ["\(classes.count) classes"],
          seconds: MonotonicClock.seconds - start, for: index + 1))
      return image.pixels
    }
    journal.say("\(output): \(files.count) images of \(size)x\(size) in \(classes.count) classes")
  }

  private static func isFolder(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  /// Returns the sorted names in a folder, without hidden ones.
  private static func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
  }

  /// Returns the PNG and JPEG files below a folder, depth first in the order of names.
  private static func images(below folder: String) -> [String] {
    names(in: folder).flatMap { name in
      let path = "\(folder)/\(name)"
      if ["png", "jpg", "jpeg"].contains(URL(fileURLWithPath: name).pathExtension.lowercased()) { return [path] }
      return isFolder(path) ? images(below: path) : []
    }
  }
}
