extension Rule {
  /// Whatever another target or package can use has a documentation comment; so do cases and requirements.
  static let documentation = Rule(
    "documentation",
    everySource: { file in
      documentable(file).filter { !$0.isDocumented }.map {
        Violation(file.path, $0.line, "\($0.access) \($0.title) has no documentation comment.")
      }
    })

  /// The declarations of a file that need a documentation comment.
  static func documentable(_ file: SourceFile) -> [Declaration] {
    file.declarations.filter { declaration in
      guard declaration.access >= .package, !declaration.isLocal else { return false }
      switch declaration.kind {
      case .extension, .deinitializer, .closure: return false
      default: return true
      }
    }
  }

  /// Words that open a sentence which does not say what the thing is.
  static let poorOpenings = ["What", "How", "Whether", "Where", "Who", "The same"]

  /// A documentation comment begins with a noun phrase or a verb in the third person.
  static let openings = Rule(
    "openings",
    everyFile: { file in
      file.tokens.indices.compactMap { at in
        let token = file.tokens[at]
        guard token.kind == .documentation, at == 0 || file.tokens[at - 1].kind != .documentation else { return nil }
        let text = token.text.drop { $0 == " " || $0 == "\n" }
        guard let opening = poorOpenings.first(where: { text.hasPrefix($0 + " ") }) else { return nil }
        return Violation(
          file.path, token.line,
          "A documentation comment begins with \"\(opening)\"; begin with a noun phrase or a verb in the third person.")
      }
    })

  /// Comment lines of Sources and Plugins, in percent of all lines.
  static let commentPercentages = 15...30

  /// Algebra, shapes and reasons are written down, and nothing twice. The bounds hold for the whole: help texts of the
  /// command line are documentation, too, and count as code.
  static let commentPercentage = Rule("comments") { project in
    let percentage = Counts.commentPercentage(project.sources)
    guard let first = project.sources.first, !commentPercentages.contains(percentage) else { return [] }
    return [
      Violation(
        first.path, 1,
        "\(percentage) % of the lines of Sources and Plugins are comments; "
          + "\(commentPercentages.lowerBound) to \(commentPercentages.upperBound) % are wanted.")
    ]
  }
}
