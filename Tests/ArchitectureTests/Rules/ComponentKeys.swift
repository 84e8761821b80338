extension Rule {
  /// Keys that are also words of something else, by the file that writes them in that sense.
  static let ordinaryWords: [(key: String, path: String, sense: String)] = [
    ("hdf5", "Sources/Laboratory/Runs/Environment.swift", "the library whose version a run notes"),
    ("hdf5", "Sources/Reports/Pages/ReportParts.swift", "the library whose version a report shows"),
  ]

  /// A component's key is written where the component is, and in experiments: code that knows a key knows a plugin.
  ///
  /// Keys are the values of `static let key = "…"` in Plugins. A literal of Sources counts if it is a key, or holds
  /// `use: key`; a key within a longer sentence does not: "masked" is also English.
  static let componentKeys = Rule("keys") { project in
    let keys = Set(project.files.filter(\.isPlugin).flatMap(keys))
    return project.sources.filter { !$0.isPlugin }.flatMap { file in
      file.tokens.filter(\.isText).compactMap { token in
        let used = token.text.split(separator: "use: ").dropFirst().map { $0.prefix { $0.isLetter || $0 == "-" } }
        guard let key = ([token.text] + used.map(String.init)).first(where: keys.contains),
          !ordinaryWords.contains(where: { $0.key == key && $0.path == file.path })
        else { return nil }
        return Violation(
          file.path, token.line, "'\(key)' is the key of a component; use the registry, or move this to the plugin.")
      }
    }
  }

  private static func keys(_ file: SourceFile) -> [String] {
    let code = file.tokens
    return code.indices.dropLast(3).compactMap { at in
      code[at].isWord("let") && code[at + 1].isWord("key") && code[at + 2].isSymbol("=") && code[at + 3].kind == .string
        ? code[at + 3].text : nil
    }
  }
}
