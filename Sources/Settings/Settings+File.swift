import Files

extension Settings {
  /// The bytes of an experiment file; throws `SettingsError.unreadable` for what is missing, no regular file, not to be
  /// opened, a binary file of a format that is known, or of more than 16 MiB.
  static func bytes(of path: String) throws(SettingsError) -> [UInt8] {
    if let format = FileFormat.name(ofFile: path) {
      throw .unreadable(
        file: path, why: "this is \(format); name an experiment file (YAML), such as Experiments/quickstart.yaml.")
    }
    do { return try RegularFile.bytes(path, limit: YAMLText.limit) } catch {
      let why =
        switch error.reason {
        case .missing: "there is no such file; name an experiment file, such as Experiments/quickstart.yaml."
        case .notRegular(let kind): "this is \(kind), not a file; name an experiment file."
        default: "\(error.reason)"
        }
      throw .unreadable(file: path, why: why)
    }
  }
}
