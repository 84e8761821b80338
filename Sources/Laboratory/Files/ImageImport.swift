import Foundation
import Images
import Storage

/// A folder of class folders made into one file of images of one size.
package struct ImageImport {
  let folder: String
  let output: String
  let size: Int

  package init(folder: String, output: String, size: Int) {
    (self.folder, self.output, self.size) = (folder, output, size)
  }

  package func run(_ journal: Journal) throws {
    let files = FileManager.default
    var isFolder: ObjCBool = false
    guard files.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue else {
      throw LaboratoryError("\(folder): there is no such folder; name one that holds a folder of images per class.")
    }
    func names(_ path: String) -> [String] {
      ((try? files.contentsOfDirectory(atPath: path)) ?? []).filter { !$0.hasPrefix(".") }.sorted()
    }
    let classes = names(folder).filter {
      files.fileExists(atPath: "\(folder)/\($0)", isDirectory: &isFolder) && isFolder.boolValue
    }
    let endings: Set<String> = ["png", "jpg", "jpeg"]
    var all: [(path: String, label: Int)] = []
    for (label, name) in classes.enumerated() { collect("\(folder)/\(name)", label) }
    func collect(_ path: String, _ label: Int) {
      for name in names(path) {
        let inner = "\(path)/\(name)"
        if endings.contains(URL(fileURLWithPath: name).pathExtension.lowercased()) {
          all.append((inner, label))
        } else if files.fileExists(atPath: inner, isDirectory: &isFolder), isFolder.boolValue {
          collect(inner, label)
        }
      }
    }
    guard !all.isEmpty else {
      throw LaboratoryError(
        "\(folder): there are no images in folders of their class; it should hold CLASS/image.png or .jpg.")
    }
    let start = MonotonicClock.seconds
    try ImageFile.write(
      to: output, count: all.count, height: size, width: size, labels: all.map(\.label), classNames: classes,
      sources: all.map { String($0.path.dropFirst(folder.count + (folder.hasSuffix("/") ? 0 : 1))) }
    ) { index in
      if Interruption.isRequested { throw LaboratoryError("stopped; nothing was written to \(output).") }
      let image = try ByteImage.read(all[index].path).centreCropped(to: size)
      let seconds = MonotonicClock.seconds - start
      journal.progress(
        Progress(
          stage: "import", done: index + 1, total: all.count, details: ["\(classes.count) classes"],
          rate: Double(index + 1) / max(1e-9, seconds), secondsPerStep: seconds / Double(index + 1)))
      return image.pixels
    }
    journal.say("\(output): \(all.count) images of \(size)x\(size) in \(classes.count) classes")
  }
}
