/// The text of one Swift or C file and what is read from it.
struct SourceFile {
  /// From the root of the project: "Sources/Tensors/Core/Tensor.swift".
  let path: String
  let lines: [Substring]
  let tokens: [Token]
  let declarations: [Declaration]

  init(path: String, text: String) {
    self.path = path
    var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    if lines.last == "" { lines.removeLast() }
    self.lines = lines
    tokens = Lexer.tokens(of: text)
    declarations = path.hasSuffix(".swift") ? DeclarationReader.declarations(of: tokens) : []
  }

  /// "Tensors" for "Sources/Tensors/Core/Tensor.swift".
  var target: String { path.split(separator: "/").dropFirst().first.map(String.init) ?? path }
  var isPlugin: Bool { path.hasPrefix("Plugins/") }
  var isSwift: Bool { path.hasSuffix(".swift") }
  var isTest: Bool { path.hasPrefix("Tests/") }
  var isManifest: Bool { path.hasSuffix("Package.swift") }

  /// The modules it imports, with the line of each import.
  var imports: [(module: String, line: Int)] {
    let code = tokens.filter { !$0.isComment }
    let kinds: Set<String> = ["struct", "class", "enum", "protocol", "func", "var", "let", "typealias"]
    return code.indices.dropLast().compactMap { index in
      guard code[index].isWord("import"),
        index == 0 || code[index - 1].line < code[index].line || isModifier(code[index - 1])
      else { return nil }
      let name = kinds.contains(code[index + 1].text) && index + 2 < code.count ? code[index + 2] : code[index + 1]
      return name.kind == .identifier ? (name.text, code[index].line) : nil
    }
  }

  private func isModifier(_ token: Token) -> Bool {
    token.kind == .identifier && Access(token.text) != nil || token.isWord("testable")
  }

  /// The number of lines that hold a comment and nothing else.
  var commentLineCount: Int {
    lines.count { line in
      let start = line.drop { $0 == " " }
      return start.hasPrefix("//") || start.hasPrefix("/*") || start.hasPrefix("* ")
    }
  }
}
