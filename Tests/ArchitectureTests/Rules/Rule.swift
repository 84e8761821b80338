/// One breach of a rule: where, and in one sentence what is to be done.
struct Violation: Sendable, CustomStringConvertible, Equatable {
  let path: String
  let line: Int
  let sentence: String

  init(_ path: String, _ line: Int, _ sentence: String) {
    self.path = path
    self.line = line
    self.sentence = sentence
  }

  /// "Sources/Tensors/Core/Tensor.swift:12: …"
  var description: String { "\(path):\(line): \(sentence)" }
}

/// Something that holds for every file of the project.
struct Rule: Sendable {
  let name: String
  /// Returns what breaks the rule, file by file.
  let violations: @Sendable (Project) -> [Violation]

  /// A rule that looks at more than one file.
  init(_ name: String, project violations: @escaping @Sendable (Project) -> [Violation]) {
    self.name = name
    self.violations = violations
  }

  /// A rule that judges every file for itself, tests and Package.swift included.
  init(_ name: String, everyFile violations: @escaping @Sendable (SourceFile) -> [Violation]) {
    self.init(name, project: { ($0.files + [$0.manifest]).flatMap(violations) })
  }

  /// A rule that judges every file of Sources and Plugins for itself.
  init(_ name: String, everySource violations: @escaping @Sendable (SourceFile) -> [Violation]) {
    self.init(name, project: { $0.sources.flatMap(violations) })
  }

  static let all: [Rule] = [
    .imports, .libraryRooms, .componentKeys, .fileLength, .functionLength, .columns, .documentation, .openings, .traps,
    .functionsInLocks,
    .parameters, .labels, .words, .commentPercentage,
  ]
}
