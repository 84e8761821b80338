/// A word of no field that readers of this project know, and the one to use.
struct Term: Sendable {
  enum Use { case identifiers, comments, messages }

  /// One word or a phrase each. Words of identifiers are their parts: `sharedRows` is shared, rows.
  let words: [String]
  let replacement: String
  let uses: Set<Use>
  /// Prefixes of the paths in which it counts; empty for all.
  let folders: [String]
  /// Prefixes of the paths in which it is a word of the matter.
  let exemptFolders: [String]
  /// Phrases that hold one of the words in another sense: "in place".
  let exceptions: [String]

  init(
    _ words: String..., use replacement: String, in uses: Set<Use> = [.identifiers, .comments],
    folders: [String] = [], unless exemptFolders: [String] = [], except exceptions: [String] = []
  ) {
    self.words = words
    self.replacement = replacement
    self.uses = uses
    self.folders = folders
    self.exemptFolders = exemptFolders
    self.exceptions = exceptions
  }

  func counts(in path: String) -> Bool {
    (folders.isEmpty || folders.contains(where: path.hasPrefix)) && !exemptFolders.contains(where: path.hasPrefix)
  }
}

extension Rule {
  /// One concept has one word, the field's; `Term.all` lists those that are not.
  static let words = Rule(
    "words",
    everyFile: { file in
      let terms = Term.all.filter { $0.counts(in: file.path) }.map(Phrases.init)
      return file.tokens.flatMap { token -> [Violation] in
        guard let use = use(of: token), use != .messages || !isOurs(file) else { return [] }
        return Text.words(of: token, asIdentifier: use == .identifiers).flatMap { line, words in
          terms.filter { $0.term.uses.contains(use) }.flatMap { phrases in
            phrases.matches(in: words).map { found in
              let whole = use == .identifiers ? " in '\(token.text)'" : ""
              return Violation(file.path, line, "\"\(found)\"\(whole): use \(phrases.term.replacement).")
            }
          }
        }
      }
    })

  /// These tests name the words in literals.
  private static func isOurs(_ file: SourceFile) -> Bool { file.path.hasPrefix("Tests/ArchitectureTests/") }

  /// Literals of one word are keys and names in files; those with spaces are prose for a user.
  private static func use(of token: Token) -> Term.Use? {
    switch token.kind {
    case .identifier: .identifiers
    case .comment, .documentation: .comments
    case .string, .fragment: token.text.contains(" ") ? .messages : nil
    case .number, .symbol: nil
    }
  }
}

/// A term, cut into words once.
private struct Phrases {
  let term: Term
  private let words: [[String]]
  private let exceptions: [[String]]

  init(_ term: Term) {
    self.term = term
    words = term.words.map(Self.parts)
    exceptions = term.exceptions.map(Self.parts)
  }

  private static func parts(_ phrase: String) -> [String] { phrase.split(separator: " ").map(String.init) }

  /// Returns the phrases of the term that `text` holds outside the exceptions.
  func matches(in text: [String]) -> [String] {
    var found: [String] = []
    for start in text.indices {
      for phrase in words where text[start...].starts(with: phrase) {
        let range = start..<start + phrase.count
        if !exceptions.contains(where: { Self.covers($0, range, in: text) }) {
          found.append(phrase.joined(separator: " "))
        }
      }
    }
    return found
  }

  /// Returns true if `exception` stands in `text` around some of `range`.
  private static func covers(_ exception: [String], _ range: Range<Int>, in text: [String]) -> Bool {
    (max(0, range.lowerBound - exception.count + 1)..<range.upperBound).contains {
      text[$0...].starts(with: exception)
    }
  }
}

/// Cuts names and prose into words.
enum Text {
  /// Returns the words of a token in lower case, line by line.
  static func words(of token: Token, asIdentifier: Bool) -> [(line: Int, words: [String])] {
    if asIdentifier { return [(token.line, words(ofName: token.text))] }
    return token.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated().map { offset, line in
      // Names quoted in prose count as names do.
      let pieces = line.split { !($0.isLetter || $0.isNumber || $0 == "_" || $0 == "'") }
      return (token.line + offset, pieces.flatMap { words(ofName: String($0)) })
    }
  }

  /// `rowMaxima2D` is row, maxima, 2, d; `GEMMPlan` is gemm, plan.
  static func words(ofName name: String) -> [String] {
    var words: [String] = []
    var word = ""
    let letters = Array(name)
    for (at, letter) in letters.enumerated() {
      guard letter.isLetter || letter.isNumber else {
        if !word.isEmpty { words.append(word) }
        word = ""
        continue
      }
      if let last = word.last {
        let isNext = letter.isUppercase && !last.isUppercase
        let endsAcronym =
          letter.isUppercase && last.isUppercase && at + 1 < letters.count && letters[at + 1].isLowercase
        if isNext || endsAcronym || letter.isNumber != last.isNumber {
          words.append(word)
          word = ""
        }
      }
      word.append(letter)
    }
    if !word.isEmpty { words.append(word) }
    return words.map { $0.lowercased() }
  }
}
