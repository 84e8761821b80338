extension ZipDirectory.Member {
  /// DEFLATE codes at most 258 bytes in 2 bits.
  private static let mostInflation = 1032

  /// Reads the contents, stored or deflated, of a member of the zip file `source`.
  ///
  /// Throws where they are not as the directory says: damaged, longer, shorter, or more than their stored bytes can
  /// hold; the last is known before memory is taken.
  public func contents(in source: ByteSource) throws(FileError) -> [UInt8] {
    guard method == 0 || method == 8 else {
      throw FileError(
        source.name, .damaged("'\(name)' is compressed by method \(method); save the archive deflated or stored."))
    }
    guard count / Self.mostInflation <= storedCount else {
      throw FileError(source.name, .damaged("'\(name)' is damaged: \(storedCount) bytes cannot hold \(count)."))
    }
    let stored = try source.bytes(at: start, count: storedCount)
    let contents = method == 8 ? Deflate.inflated(stored[...], in: .none, limit: count) : stored
    guard let contents, contents.count == count, Deflate.crc32(contents[...]) == crc32 else {
      throw FileError(source.name, .damaged("'\(name)' is damaged."))
    }
    return contents
  }
}
