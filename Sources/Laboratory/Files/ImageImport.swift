import Files
import Images
import Storage

/// The import of a folder or archive of images into one HDF5 file of square images.
package struct ImageImport {
  /// The folder of class folders, or an archive .npz or .tar.
  let source: String
  /// The path of the HDF5 file.
  let output: String
  /// Pixels of a side.
  let size: Int
  /// True to leave out images that cannot be read, false to refuse them.
  let skipsBad: Bool

  /// The import of what `LabelledImages.found(at:)` finds in `source`.
  package init(_ source: String, output: String, size: Int, skipsBad: Bool) {
    (self.source, self.output, self.size, self.skipsBad) = (source, output, size, skipsBad)
  }

  /// Writes the file; throws where there are no images, or where some cannot be read, and lists them.
  package func run(_ journal: Journal) throws {
    let found: LabelledImages
    do { found = try .found(at: source) } catch { throw LaboratoryError("\(error)") }
    if let leftOut = found.leftOut { journal.say("\(source): left out \(leftOut)") }
    var images = found
    if let bad = try write(found, journal) {
      let list = LabelledImages.list(bad.sorted { $0.key < $1.key }.map(\.value), of: found.entries.count)
      guard skipsBad else { throw LaboratoryError(list + (bad.count > 1 ? "\n--skip-bad leaves them out." : "")) }
      journal.say("left out: \(list)")
      images = found.without(Set(bad.keys))
      guard !images.entries.isEmpty else { throw LaboratoryError("\(source): none of its images can be read.") }
      if let more = try write(images, journal) {
        throw LaboratoryError("\(source): \(more.count) more images became unreadable meanwhile; run it again.")
      }
    }
    // What this program wrote need not be read through before it is opened.
    _ = try? FileManifest.ofUser.record(output, as: .written)
    journal.say(
      "\(output): \(images.entries.count) images of \(size)x\(size) in \(images.classNames.count) classes")
  }

  /// Every image that could not be read, by its position: all are tried, so that all are named at once.
  private struct Unreadable: Error {
    var errors: [Int: ImageError] = [:]
  }

  /// Writes the file; returns the images that cannot be read, and writes none where there are some.
  private func write(_ images: LabelledImages, _ journal: Journal) throws -> [Int: ImageError]? {
    // A stop removes the unfinished file first.
    let start = MonotonicClock.seconds, entries = images.entries, unfinished = Interruption.Hold()
    unfinished.begin()
    defer { unfinished.end() }
    var bad = Unreadable()
    do {
      try ImageFile.write(
        to: output,
        .init(
          height: size, width: size, labels: entries.map(\.label), classNames: images.classNames,
          sources: entries.map(\.source), heldOut: images.heldOut)
      ) { index in
        if Interruption.isRequested { throw LaboratoryError("stopped; nothing was written to \(output).") }
        var pixels: [UInt8] = []
        do throws(ImageError) { pixels = try images.image(index).centreCropped(to: size).pixels } catch {
          bad.errors[index] = error
        }
        journal.progress(
          Progress(
            stage: "import", done: index + 1, total: entries.count, details: ["\(images.classNames.count) classes"],
            seconds: MonotonicClock.seconds - start, for: index + 1))
        if index == entries.count - 1, !bad.errors.isEmpty { throw bad }
        // What is written after the first bad image is thrown away.
        return pixels.isEmpty ? [UInt8](repeating: 0, count: size * size * 3) : pixels
      }
    } catch let bad as Unreadable { return bad.errors }
    return nil
  }
}
