import Glibc

extension Settings {
  /// The text of an experiment file; throws `SettingsError.unreadable` for what is missing, no regular file, not to be
  /// opened, or not UTF-8.
  static func text(of path: String) throws(SettingsError) -> String {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw .unreadable(
        file: path, why: "there is no such file; name an experiment file, such as Experiments/quickstart.yaml.")
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw .unreadable(file: path, why: "this is not a file; name an experiment file.")
    }
    guard let file = fopen(path, "r") else {
      throw .unreadable(file: path, why: "it cannot be opened: \(String(cString: strerror(errno))).")
    }
    defer { fclose(file) }
    var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
    let count = fread(&bytes, 1, bytes.count, file)
    guard let text = String(validating: bytes[..<count], as: UTF8.self) else {
      throw .unreadable(file: path, why: "the text is not UTF-8; save it as UTF-8.")
    }
    return text
  }
}
