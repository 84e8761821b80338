import Files

/// Images with the numbers of their classes, which are decoded one by one: those of a folder or an archive.
public struct LabelledImages: Sendable {
  /// An image that was found.
  public struct Entry: Sendable, Equatable {
    /// Its path within the folder or archive.
    public let source: String
    /// The number of its class, from 0.
    public let label: Int
  }

  /// Names of the classes by number.
  public let classNames: [String]
  /// The images by class, then by path.
  public let entries: [Entry]
  /// Files that were found and are no images that are read, in one line: "3 .webp (a/x.webp, …), 1 pipe (a/y)"; nil for
  /// none.
  public let leftOut: String?
  /// The images that are held out, by position: those of the folder `val`; nil where there is one set of images only.
  public let heldOut: Range<Int>?
  /// The archives that hold the images; empty where each is a file of its own.
  public let archives: [String]
  private let decode: @Sendable (Int) throws(ImageError) -> ByteImage

  init(
    classNames: [String], entries: [Entry], leftOut: String?, heldOut: Range<Int>? = nil, archives: [String] = [],
    decode: @escaping @Sendable (Int) throws(ImageError) -> ByteImage
  ) {
    (self.classNames, self.entries, self.leftOut, self.decode) = (classNames, entries, leftOut, decode)
    (self.heldOut, self.archives) = (heldOut, archives)
  }

  /// Decodes an image by its position in `entries`.
  public func image(_ index: Int) throws(ImageError) -> ByteImage { try decode(index) }

  /// These images but for some, by their positions.
  public func without(_ indices: Set<Int>) -> LabelledImages {
    let rest = entries.indices.filter { !indices.contains($0) }, decode = decode
    // Held-out images stay together.
    let held = heldOut.map { range in
      let first = rest.count { $0 < range.lowerBound }
      return first..<first + rest.count { range.contains($0) }
    }
    return LabelledImages(
      classNames: classNames, entries: rest.map { entries[$0] }, leftOut: leftOut, heldOut: held, archives: archives
    ) { index throws(ImageError) in try decode(rest[index])
    }
  }

  /// The errors of images that cannot be read in one text: of one its sentence, of more the first ten and their number.
  public static func list(_ errors: [ImageError], of count: Int) -> String {
    if errors.count == 1 { return "\(errors[0])" }
    let listed = errors.prefix(10).map { "\n  \($0)" }.joined()
    let more = errors.count > 10 ? "\n  and \(errors.count - 10) more" : ""
    return "\(errors.count) of \(count) images cannot be read:\(listed)\(more)"
  }

  /// The images of a folder, of an archive .npz or .tar, which is recognized by its content, or of several tar
  /// archives: those of a folder that holds nothing else, or of a pattern such as `train-{000..009}.tar`.
  public static func found(at path: String) throws(ImageError) -> LabelledImages {
    if let paths = shards(at: path) { return try tars(paths, named: path) }
    if FolderEntry(path)?.isFolder == true { return try folder(path) }
    let source: ByteSource, start: [UInt8]
    do throws(FileError) {
      source = try ByteSource(file: path)
      // The bytes up to and with the mark of a tar header.
      start = try source.bytes(at: 0, count: min(source.count, 262))
    } catch {
      // The sentence of `folder`.
      guard error.reason != .missing else { return try folder(path) }
      throw ImageError(error)
    }
    if start.starts(with: "PK".utf8) { return try numPy(source) }
    if start.dropFirst(257).elementsEqual("ustar".utf8) || path.hasSuffix(".tar") { return try tar(source) }
    let remedy =
      start.starts(with: [0x1F, 0x8B]) ? "it is compressed by gzip; decompress it first." : "name one of them."
    throw .unreadable(path: path, why: "this is neither a folder nor an archive .npz or .tar: \(remedy)")
  }
}

extension ImageError {
  /// The error of a file as one of images.
  init(_ error: FileError) {
    self = error.reason == .missing ? .missing(path: error.path) : .unreadable(path: error.path, why: "\(error.reason)")
  }
}
