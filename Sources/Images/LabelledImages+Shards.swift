import Files
import Glibc

extension LabelledImages {
  /// Paths of several tar archives, in the order of their names; nil for a path that names one thing.
  static func shards(at path: String) -> [String]? {
    if let paths = expanded(path) { return paths }
    guard FolderEntry(path)?.isFolder == true, let stream = opendir(path) else { return nil }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasPrefix(".") { continue }
      // One folder or image makes it a folder of images.
      guard name.hasSuffix(".tar") else { return nil }
      names.append(name)
    }
    return names.isEmpty ? nil : names.sorted().map { "\(path)/\($0)" }
  }

  /// The paths of a pattern with one range of numbers, `{000..009}`, as bash and WebDataset expand it; nil for others.
  private static func expanded(_ pattern: String) -> [String]? {
    guard let open = pattern.lastIndex(of: "{"), let close = pattern[open...].firstIndex(of: "}") else { return nil }
    let bounds = pattern[pattern.index(after: open)..<close].split(separator: ".", omittingEmptySubsequences: false)
    guard bounds.count == 3, bounds[1].isEmpty, let first = Int(bounds[0]), let last = Int(bounds[2]), first >= 0,
      first <= last, last - first < 1_000_000
    else { return nil }
    return (first...last).map { number in
      let digits = "\(number)", zeros = String(repeating: "0", count: max(0, bounds[0].count - digits.count))
      return pattern[..<open] + zeros + digits + pattern[pattern.index(after: close)...]
    }
  }

  /// The images of several tar archives, in their order. Folders of one name in any of them are one class; classes are
  /// in the order of names. Archives without folders are one class together.
  static func tars(_ paths: [String], named name: String) throws(ImageError) -> LabelledImages {
    var parts: [LabelledImages] = []
    for path in paths {
      let source: ByteSource
      do throws(FileError) { source = try ByteSource(file: path) } catch { throw ImageError(error) }
      parts.append(try tar(source))
    }
    let isFlat = parts.allSatisfy { !$0.entries.contains { $0.source.contains("/") } }
    let classNames = isFlat ? [name] : Set(parts.flatMap(\.classNames)).sorted()
    let labels = Dictionary(uniqueKeysWithValues: zip(classNames, 0...))
    var entries: [Entry] = [], starts: [Int] = []
    for (path, part) in zip(paths, parts) {
      starts.append(entries.count)
      let file = path.split(separator: "/").last.map(String.init) ?? path
      entries += part.entries.map { entry in
        Entry(source: "\(file)/\(entry.source)", label: isFlat ? 0 : labels[part.classNames[entry.label]] ?? 0)
      }
    }
    let leftOut = parts.compactMap(\.leftOut)
    let (found, first) = (parts, starts)
    return LabelledImages(
      classNames: classNames, entries: entries, leftOut: leftOut.isEmpty ? nil : leftOut.joined(separator: ", "),
      archives: paths
    ) { index throws(ImageError) in
      // Of archives that begin with the same image, all but the last are empty.
      let part = (first.lastIndex { $0 <= index }) ?? 0
      return try found[part].image(index - first[part])
    }
  }
}
