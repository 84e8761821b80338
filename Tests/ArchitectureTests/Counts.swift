/// The figures by which the project is judged as a whole.
enum Counts {
  /// Comment lines in per cent of all lines, rounded.
  static func commentPercentage(_ files: [SourceFile]) -> Int {
    let lines = files.reduce(0) { $0 + $1.lines.count }
    return lines == 0 ? 0 : (100 * files.reduce(0) { $0 + $1.commentLineCount } + lines / 2) / lines
  }

  /// A report, a figure a line.
  static func report(_ project: Project) -> String {
    let sources = project.sources
    let lengths = project.sources.map(\.lines.count).sorted()
    let declarations = sources.flatMap(\.declarations)
    let documentable = sources.flatMap(Rule.documentable)
    let documented = documentable.count(where: \.isDocumented)
    let sourceLines = lengths.reduce(0, +)
    let testLines = project.files.filter(\.isTest).reduce(0) { $0 + $1.lines.count }
    let labelled = sources.filter { $0.target != "Tensors" }.flatMap(\.declarations)
    let hidden = declarations.filter { $0.access < .package }.count { $0.parameters.contains(where: \.hasDefault) }
    let rows = [
      "files: \(project.files.count), of Sources and Plugins \(sources.count)",
      "lines of Sources and Plugins: \(sourceLines), of Tests \(testLines)",
      "median lines of a source file: \(lengths.isEmpty ? 0 : lengths[lengths.count / 2])",
      "source files over 200 lines: \(lengths.count { $0 > 200 }), over 300: \(lengths.count { $0 > 300 })",
      "functions over 60 lines: \(declarations.count { $0.kind.isFunction && $0.lineCount > Rule.longestFunction })",
      "functions over 6 parameters: \(declarations.count { $0.parameters.count > Rule.mostParameters })",
      "functions with four or more unlabelled parameters: \(declarations.count(where: Rule.lacksLabels)), "
        + "outside Tensors \(labelled.count(where: Rule.lacksLabels))",
      "functions that are not public, with a default: \(hidden)",
      "public and package symbols with a documentation comment: \(documented) of \(documentable.count), "
        + "\(100 * documented / max(1, documentable.count)) %",
      "test lines to source lines: \(ratio(testLines, sourceLines))",
      "comment lines: \(commentPercentage(sources)) %",
    ]
    return (rows + ["", "target: source lines, test lines to source lines, comment lines"] + targets(project)).joined(
      separator: "\n")
  }

  private static func targets(_ project: Project) -> [String] {
    Dictionary(grouping: project.sources, by: \.target).sorted { $0.key < $1.key }.map { target, files in
      let lines = files.reduce(0) { $0 + $1.lines.count }
      let tests = project.files.filter { $0.isTest && $0.target == target + "Tests" }.reduce(0) { $0 + $1.lines.count }
      return "\(target): \(lines), \(ratio(tests, lines)), \(commentPercentage(files)) %"
    }
  }

  /// "0.41"
  private static func ratio(_ a: Int, _ b: Int) -> String {
    let hundredths = (100 * a + b / 2) / max(1, b)
    return "\(hundredths / 100)." + (hundredths % 100 < 10 ? "0" : "") + "\(hundredths % 100)"
  }
}
