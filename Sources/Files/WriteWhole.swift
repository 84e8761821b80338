import Glibc

/// Replaces a file atomically: writes a temporary file beside `path`, flushes it to the disk and renames it.
///
/// Throws with the reason of the system; `path` is then what it was, and the temporary file is gone.
public func writeWhole(_ bytes: some Collection<UInt8>, to path: String) throws(FileError) {
  let temporary = "\(path).tmp.\(getpid())"
  func refusal() -> FileError {
    let error = FileError.writing(path)
    unlink(temporary)
    return error
  }
  guard let file = fopen(temporary, "w") else { throw refusal() }
  let array = Array(bytes), written = fwrite(array, 1, array.count, file)
  let isFlushed = fflush(file) == 0 && fsync(fileno(file)) == 0
  guard fclose(file) == 0, isFlushed, written == array.count else { throw refusal() }
  guard rename(temporary, path) == 0 else { throw refusal() }
}
