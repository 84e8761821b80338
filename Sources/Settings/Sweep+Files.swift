extension Sweep {
  /// The paths of a file and of all files that it extends, the file itself first, those at the bottom last.
  public static func files(of file: String) throws(SettingsError) -> [String] {
    final class Paths { var all: [String] = [] }
    let paths = Paths()
    let composition = Composition { (path) throws(SettingsError) in
      if !paths.all.contains(path) { paths.all.append(path) }
      return try Settings.bytes(of: path)
    }
    _ = try composition.tree(of: file, scale: nil)
    return paths.all
  }
}
