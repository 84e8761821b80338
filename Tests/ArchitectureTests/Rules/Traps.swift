extension Rule {
  /// The uses of `fatalError`, `try!` and `as!` that stay, at most five: the file, the trap and the reason.
  static let allowedTraps: [(path: String, trap: String, reason: String)] = []

  /// A mistake of a user is thrown; a mistake of a programmer is a precondition with a message.
  static let traps = Rule(
    "traps",
    everySource: { file in
      traps(in: file).filter { trap in
        !allowedTraps.contains { $0.path == file.path && $0.trap == trap.trap }
      }.map {
        Violation(
          file.path, $0.line, "'\($0.trap)' stops the program; throw an error of one sentence, or use a precondition.")
      }
    })

  /// Every trap of a file with its line.
  static func traps(in file: SourceFile) -> [(trap: String, line: Int)] {
    let code = file.tokens.filter { !$0.isComment }
    return code.indices.compactMap { at in
      if code[at].isWord("fatalError") { return ("fatalError", code[at].line) }
      guard code[at].isWord("try") || code[at].isWord("as"), at + 1 < code.count, code[at + 1].isSymbol("!"),
        code[at + 1].isAttached
      else { return nil }
      return (code[at].text + "!", code[at].line)
    }
  }
}
