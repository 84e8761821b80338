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

  /// A lock of a function wraps the function once more at every access, until calling it takes milliseconds, and the
  /// stack is too short for it.
  static let functionsInLocks = Rule(
    "locks",
    everySource: { file in
      let code = file.tokens.filter { !$0.isComment }
      return code.indices.filter { at in
        guard code[at].isWord("Mutex"), at + 1 < code.count, code[at + 1].isSymbol("<") else { return false }
        let line = code[at...].prefix { $0.line == code[at].line }
        return zip(line, line.dropFirst()).contains { $0.isSymbol("-") && $1.isSymbol(">") && $1.isAttached }
          || line.contains { $0.isSymbol("->") }
      }.map { at in
        Violation(
          file.path, code[at].line,
          "a lock of a function wraps it once more at every access; lock a structure that holds the function.")
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
