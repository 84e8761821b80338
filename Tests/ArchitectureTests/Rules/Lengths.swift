extension Rule {
  static let longestFile = 300
  static let longestFunction = 60
  static let widestLine = 120

  /// A file is read in one sitting.
  static let fileLength = Rule(
    "file-length",
    everyFile: { file in
      file.lines.count <= longestFile
        ? []
        : [
          Violation(
            file.path, longestFile + 1, "\(file.lines.count) lines; split the file, \(longestFile) are allowed.")
        ]
    })

  /// A function fits a screen; initialisers, subscripts, computed properties and closures with a name are functions.
  static let functionLength = Rule(
    "function-length",
    everyFile: { file in
      file.declarations.filter { $0.kind.isFunction && $0.lineCount > longestFunction }.map {
        Violation(
          file.path, $0.line, "\($0.title) has \($0.lineCount) lines; split it, \(longestFunction) are allowed.")
      }
    })

  static let columns = Rule(
    "columns",
    everyFile: { file in
      file.lines.enumerated().filter { $0.element.count > widestLine }.map {
        Violation(file.path, $0.offset + 1, "\($0.element.count) columns; break the line, \(widestLine) are allowed.")
      }
    })
}
