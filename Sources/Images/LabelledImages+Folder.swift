import Glibc

/// The kind and identity of what a path names, links followed.
struct FolderEntry {
  private let status: stat

  /// Nil where nothing is there: also for a link to nothing, and one in a loop of links.
  init?(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    self.status = status
  }

  var isFolder: Bool { status.st_mode & S_IFMT == S_IFDIR }
  /// The name of the kind of what is neither a file nor a folder.
  var special: String? {
    switch status.st_mode & S_IFMT {
    case S_IFREG, S_IFDIR: nil
    case S_IFIFO: "pipe"
    case S_IFSOCK: "socket"
    default: "device"
    }
  }
  /// Equal for two paths of one folder.
  var identity: [UInt64] { [UInt64(status.st_dev), UInt64(status.st_ino)] }
}

extension LabelledImages {
  /// The images of a folder, decoded when they are read.
  ///
  /// Each folder in it is a class, in the order of names, with images at any depth; a folder that holds images and no
  /// folders is one class of its name. Images have the endings png, jpg, jpeg or jfif, in upper or lower case. Names
  /// that begin with a dot are left out, and so are pipes, devices, and links back to a folder that holds them. Throws
  /// where there are no images, and for classes without any.
  public static func folder(_ path: String) throws(ImageError) -> LabelledImages {
    // Without the slash at its end, so that paths inside it are relative.
    let path = path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    guard FolderEntry(path)?.isFolder == true else {
      throw .unreadable(
        path: path, why: "there is no such folder; name one that holds a folder of images per class.")
    }
    var scan = FolderScan(root: path)
    let top = try scan.list("")
    guard !top.folders.isEmpty else {
      guard !top.images.isEmpty else {
        throw .unreadable(
          path: path, why: "there are no class folders in it; it should hold CLASS/image.png or .jpg.")
      }
      let name = path.split(separator: "/").last.map(String.init) ?? path
      let entries = top.images.map { Entry(source: $0, label: 0) }
      return decoded(below: path, entries, [name], scan.leftOut)
    }
    if let split = try splitFolder(path, top.folders) { return split }
    var entries: [Entry] = [], empty: [String] = []
    for (label, name) in top.folders.enumerated() {
      // The folder itself holds all classes: a link to it from one of them is left out.
      scan.visited = Set([FolderEntry(path)?.identity].compactMap(\.self))
      let found = try scan.images(below: name)
      if found.isEmpty { empty.append(name) }
      entries += found.map { Entry(source: $0, label: label) }
    }
    guard !entries.isEmpty else {
      throw .unreadable(path: path, why: "there are no PNG or JPEG images in its class folders.")
    }
    guard empty.isEmpty else {
      let names = empty.prefix(10).joined(separator: ", ") + (empty.count > 10 ? " and \(empty.count - 10) more" : "")
      throw .unreadable(
        path: path, why: "there are class folders without a PNG or JPEG image: \(names); remove them, or add images.")
    }
    for name in top.images { scan.leftOut.add("outside of class folders", name) }
    return decoded(below: path, entries, top.folders, scan.leftOut)
  }

  private static func decoded(below path: String, _ entries: [Entry], _ classNames: [String], _ leftOut: LeftOut)
    -> LabelledImages
  {
    LabelledImages(classNames: classNames, entries: entries, leftOut: leftOut.text) { index throws(ImageError) in
      try ByteImage.read("\(path)/\(entries[index].source)")
    }
  }
}

/// The search of a folder for images.
private struct FolderScan {
  let root: String
  var leftOut = LeftOut()
  /// Folders of the present class that were searched already: links can lead to one again, and in a circle.
  var visited: Set<[UInt64]> = []

  init(root: String) { self.root = root }

  /// Paths of the images and folders directly in a folder, in the order of names; `folder` is relative to the root.
  mutating func list(_ folder: String) throws(ImageError) -> (images: [String], folders: [String]) {
    let path = folder.isEmpty ? root : "\(root)/\(folder)"
    guard let stream = opendir(path) else {
      throw .unreadable(path: path, why: "it cannot be read: \(String(cString: strerror(errno))).")
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      // d_name: the bytes of the name up to a 0.
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != "." && name != ".." { names.append(name) }
    }
    var images: [String] = [], folders: [String] = []
    for name in names.sorted() {
      let inner = folder.isEmpty ? name : "\(folder)/\(name)"
      guard let entry = FolderEntry("\(root)/\(inner)") else {
        leftOut.add("broken link", inner)
        continue
      }
      if let special = entry.special {
        leftOut.add(special, inner)
      } else if !entry.isFolder {
        if leftOut.isImage(name, inner) { images.append(inner) }
      } else if name.hasPrefix(".") {
        leftOut.add("hidden", inner)
      } else {
        folders.append(inner)
      }
    }
    return (images, folders)
  }

  /// Paths of all images below a folder: of each folder in the order of names, folders among images.
  mutating func images(below folder: String) throws(ImageError) -> [String] {
    guard let entry = FolderEntry("\(root)/\(folder)"), visited.insert(entry.identity).inserted else {
      leftOut.add("folder linked twice", folder)
      return []
    }
    let found = try list(folder), folders = Set(found.folders)
    var images: [String] = []
    for path in (found.images + found.folders).sorted() {
      if folders.contains(path) { images += try self.images(below: path) } else { images.append(path) }
    }
    return images
  }
}
