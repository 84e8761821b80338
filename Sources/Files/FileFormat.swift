/// The formats of files that are no text, which their first bytes give away: for errors where a text or a folder was
/// expected.
public enum FileFormat {
  /// First bytes of formats, and their names with articles.
  private static let marks: [(bytes: [UInt8], name: String)] = [
    ([0x89, 0x48, 0x44, 0x46, 0x0D, 0x0A, 0x1A, 0x0A], "an HDF5 file"),
    ([0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A], "a PNG image"), ([0xFF, 0xD8, 0xFF], "a JPEG image"),
    ([0x50, 0x4B, 3, 4], "a zip archive (such as .npz and .pth)"), ([0x50, 0x4B, 5, 6], "an empty zip archive"),
    ([0x93] + Array("NUMPY".utf8), "a NumPy array"), ([0x1F, 0x8B], "a gzip archive"),
    ([0x28, 0xB5, 0x2F, 0xFD], "a Zstandard archive"), (Array("%PDF-".utf8), "a PDF document"),
    ([0x7F, 0x45, 0x4C, 0x46], "a program"),
  ]

  /// Returns the format of the file at `path` with its article, "an HDF5 file"; nil for texts, for formats that are not
  /// known, and for what cannot be read.
  public static func name(ofFile path: String) -> String? {
    guard let source = try? ByteSource(file: path), source.count > 1,
      let first = try? source.bytes(at: 0, count: min(16, source.count))
    else { return nil }
    if let mark = marks.first(where: { first.starts(with: $0.bytes) }) { return mark.name }
    // safetensors: the length of a head in JSON, which fits into the file, and the head.
    guard first.count > 9, first[8] == UInt8(ascii: "{") else { return nil }
    let length = first[..<8].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    return length <= UInt64(source.count - 8) ? "a safetensors file" : nil
  }
}
