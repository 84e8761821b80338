extension LabelledImages {
  /// Folders of held-out images, as data sets name them, the preferred one first.
  private static let heldOutFolders = ["val", "validation", "test"]

  /// The images of a folder whose folders are `train` and one or more of `val`, `validation` and `test`, each with
  /// class folders: those of `train`, then those that are held out, of the first of these. Nil for any other folder.
  /// Throws where the classes of both differ.
  static func splitFolder(_ path: String, _ folders: [String]) throws(ImageError) -> LabelledImages? {
    guard folders.contains("train"), folders.count > 1,
      folders.allSatisfy({ $0 == "train" || heldOutFolders.contains($0) }),
      let held = heldOutFolders.first(where: folders.contains)
    else { return nil }
    let train = try folder("\(path)/train"), other = try folder("\(path)/\(held)")
    // Folders of images without folders are single classes: then 'train' and 'val' are two classes themselves.
    if train.classNames == ["train"] && other.classNames == [held] { return nil }
    guard train.classNames == other.classNames else {
      let names = Set(train.classNames).symmetricDifference(other.classNames).sorted()
      let list = names.prefix(10).joined(separator: ", ") + (names.count > 10 ? " and \(names.count - 10) more" : "")
      throw .unreadable(
        path: path, why: "'train' and '\(held)' must hold the same class folders, and only one of them holds \(list).")
    }
    let leftOut =
      [train.leftOut.map { "of train \($0)" }, other.leftOut.map { "of \(held) \($0)" }].compactMap(\.self)
      + folders.filter { $0 != "train" && $0 != held }.map { "the folder '\($0)' beside '\(held)'" }
    let entries =
      train.entries.map { Entry(source: "train/\($0.source)", label: $0.label) }
      + other.entries.map { Entry(source: "\(held)/\($0.source)", label: $0.label) }
    return LabelledImages(
      classNames: train.classNames, entries: entries,
      leftOut: leftOut.isEmpty ? nil : leftOut.joined(separator: ", "), heldOut: train.entries.count..<entries.count
    ) { index throws(ImageError) in
      let count = train.entries.count
      return try index < count ? train.image(index) : other.image(index - count)
    }
  }
}
