import Files

extension LabelledImages {
  /// The images of a tar archive, decoded when they are read.
  ///
  /// As in a folder, each folder is a class; a folder that holds all others is passed through. An archive of images
  /// without folders is one class of its name. Throws where the archive is damaged or holds no images.
  public static func tar(_ source: ByteSource) throws(ImageError) -> LabelledImages {
    let directory: TarDirectory
    do { directory = try TarDirectory(source) } catch { throw ImageError(error) }
    var leftOut = LeftOut()
    for path in directory.leftOut { leftOut.add("link or device", path) }
    var members = directory.members.filter { member in
      let path = member.path.joined(separator: "/")
      if member.path.contains(where: { $0.hasPrefix(".") }) {
        leftOut.add("hidden", path)
        return false
      }
      return leftOut.isImage(member.path.last ?? "", path)
    }
    members.sort { $0.path.lexicographicallyPrecedes($1.path) }
    guard let first = members.first?.path else {
      throw .unreadable(
        path: source.name, why: "there are no PNG or JPEG images in it; it should hold CLASS/image.png.")
    }
    // The folders that all images have in common, but for the class.
    var depth = 0
    while members.allSatisfy({ $0.path.count > depth + 2 && $0.path[depth] == first[depth] }) { depth += 1 }
    let isFlat = members.allSatisfy { $0.path.count == depth + 1 }
    let file = source.name.split(separator: "/").last.map(String.init) ?? source.name
    var classNames = isFlat ? [file.hasSuffix(".tar") ? String(file.dropLast(4)) : file] : [], entries: [Entry] = []
    var positions: [TarDirectory.Member] = []
    for member in members {
      let path = member.path.joined(separator: "/")
      if !isFlat, member.path.count == depth + 1 {
        leftOut.add("outside of class folders", path)
        continue
      }
      if !isFlat, classNames.last != member.path[depth] { classNames.append(member.path[depth]) }
      entries.append(Entry(source: path, label: classNames.count - 1))
      positions.append(member)
    }
    let found = positions
    return LabelledImages(
      classNames: classNames, entries: entries, leftOut: leftOut.text, archives: [source.name]
    ) { index throws(ImageError) in
      let bytes: [UInt8]
      do throws(FileError) { bytes = try source.bytes(at: found[index].start, count: found[index].count) } catch {
        throw ImageError(error)
      }
      return try ByteImage(decoding: bytes, named: "\(source.name)/\(found[index].path.joined(separator: "/"))")
    }
  }

  /// The images of an archive of numpy, `np.savez` or `np.savez_compressed`, kept in memory.
  ///
  /// `images` or `arr_0` are uint8 [n, height, width, 3]; `label`, `labels` or `arr_1`, where they are there, integers
  /// [n] from 0. Throws for anything else, with what it is.
  public static func numPy(_ source: ByteSource) throws(ImageError) -> LabelledImages {
    let archive: ZipDirectory
    do { archive = try ZipDirectory(source) } catch { throw ImageError(error) }
    func array(_ names: [String]) throws(ImageError) -> (array: NumPyBytes, name: String)? {
      guard let member = names.lazy.compactMap({ archive[$0 + ".npy"] }).first else { return nil }
      let contents: [UInt8]
      do { contents = try member.contents(in: source) } catch { throw ImageError(error) }
      return (try NumPyBytes(contents, named: "\(source.name)/\(member.name)"), "\(source.name)/\(member.name)")
    }
    guard let (images, name) = try array(["images", "arr_0"]) else {
      let names = archive.members.prefix(10).map { "'\($0.name)'" }.joined(separator: ", ")
      throw .unreadable(
        path: source.name, why: "there is no array 'images' or 'arr_0' in it\(names.isEmpty ? "" : ", only \(names)").")
    }
    let shape = images.shape
    guard images.type.hasSuffix("u1"), shape.count == 4, shape[3] == 3, shape.allSatisfy({ $0 > 0 }) else {
      let order = shape.count == 4 && shape[1] == 3 ? "; its channels come first, transpose(0, 2, 3, 1) moves them" : ""
      throw .unreadable(
        path: name, why: "its shape is \(shape) of \(images.type); images are uint8 [n, height, width, 3]\(order).")
    }
    guard shape[1] * shape[2] <= mostPixels else {
      throw .unreadable(path: name, why: "\(shape[2])x\(shape[1]) pixels are more than this program reads.")
    }
    let labels = try array(["label", "labels", "arr_1"]).map { array throws(ImageError) in
      try Self.labels(array.array, array.name, count: shape[0])
    }
    let entries = (0..<shape[0]).map { Entry(source: "\($0)", label: labels?[$0] ?? 0) }
    let classNames = (0...(labels?.max() ?? 0)).map { "class \($0)" }, area = shape[1] * shape[2] * 3
    return LabelledImages(classNames: classNames, entries: entries, leftOut: nil, archives: [source.name]) { index in
      ByteImage(
        height: shape[1], width: shape[2], pixels: Array(images.bytes(index * area..<(index + 1) * area)))
    }
  }

  /// The most classes, as in files of images.
  private static let mostClasses = 1_000_000

  private static func labels(_ array: NumPyBytes, _ name: String, count: Int) throws(ImageError) -> [Int] {
    guard array.shape == [count], let labels = array.integers else {
      throw .unreadable(
        path: name, why: "its shape is \(array.shape) of \(array.type); labels are integers [\(count)].")
    }
    if let row = labels.firstIndex(where: { !(0..<mostClasses).contains($0) }) {
      throw .unreadable(
        path: name,
        why: "the label is \(labels[row]) in row \(row); labels are numbers of classes from 0 to \(mostClasses - 1).")
    }
    return labels
  }
}
