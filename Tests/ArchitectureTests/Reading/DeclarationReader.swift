/// Finds the declarations of a file by keywords, brackets and braces; expressions are passed over.
struct DeclarationReader {
  /// A pair of braces that is open.
  private struct Scope {
    enum Content { case members(Declaration.Kind), statements }
    let content: Content
    /// The access of members that name none.
    let memberAccess: Access
    /// The declaration whose body this is.
    let owner: Int?
  }

  private static let modifiers: Set<String> = [
    "static", "class", "final", "mutating", "nonmutating", "override", "required", "convenience", "lazy", "weak",
    "unowned", "indirect", "nonisolated", "isolated", "prefix", "postfix", "infix", "optional", "dynamic",
    "borrowing", "consuming",
  ]
  private static let keywords: Set<String> = [
    "func", "init", "deinit", "subscript", "var", "let", "case", "struct", "class", "enum", "actor", "protocol",
    "extension", "typealias", "associatedtype", "import",
  ]

  private let tokens: [Token]
  private var at = 0
  private var scopes = [Scope(content: .members(.type), memberAccess: .internal, owner: nil)]
  private var declarations: [Declaration] = []
  private var access: Access?
  private var isDocumented = false

  private init(_ tokens: [Token]) { self.tokens = tokens.filter { $0.kind != .comment } }

  static func declarations(of tokens: [Token]) -> [Declaration] {
    var reader = DeclarationReader(tokens)
    while reader.at < reader.tokens.count { reader.readNext() }
    return reader.declarations
  }

  private mutating func readNext() {
    let token = tokens[at]
    at += 1
    switch token.kind {
    case .documentation: isDocumented = true
    case .symbol where token.text == "{": open(.statements, owner: nil)
    case .symbol where token.text == "}": close(at: token.line)
    case .symbol where token.text == "@": skipAttribute()
    case .identifier where !follows("."):
      if holdsMembers, let word = Access(token.text) {
        // `private(set)` says nothing about who may read.
        if next?.isSymbol("(") == true { skipGroup() } else { access = word }
      } else if Self.modifiers.contains(token.text),
        !(token.text == "class" && next?.kind == .identifier && !nextIsKeyword)
      {
        if next?.isSymbol("(") == true { skipGroup() }
      } else if Self.keywords.contains(token.text) {
        readDeclaration(token)
        access = nil
        isDocumented = false
      } else {
        access = nil
        isDocumented = false
      }
    default:
      access = nil
      isDocumented = false
    }
  }

  private mutating func readDeclaration(_ keyword: Token) {
    let isLocal = !holdsMembers
    switch keyword.text {
    case "func": readFunction(.function, name: readName(), line: keyword.line)
    case "init" where !isLocal: readFunction(.initializer, name: "init", line: keyword.line)
    case "subscript" where !isLocal: readFunction(.subscript, name: "subscript", line: keyword.line)
    case "deinit" where !isLocal: readFunction(.deinitializer, name: "deinit", line: keyword.line)
    case "var", "let": readProperty(line: keyword.line)
    case "case" where isTypeScoped(.enumeration):
      add(.enumerationCase, name: next?.text ?? "", line: keyword.line)
    case "typealias" where !isLocal, "associatedtype" where !isLocal:
      add(.alias, name: next?.text ?? "", line: keyword.line)
    case "struct", "class", "actor": readType(.type, line: keyword.line)
    case "enum": readType(.enumeration, line: keyword.line)
    case "protocol": readType(.protocol, line: keyword.line)
    case "extension": readType(.extension, line: keyword.line)
    default: break
    }
  }

  private mutating func readType(_ kind: Declaration.Kind, line: Int) {
    guard let name = next, name.kind == .identifier else { return }
    let owner = add(kind, name: name.text, line: line)
    let inherited: Access =
      switch kind {
      case .protocol, .enumeration: declarations[owner].access
      case .extension: access ?? .internal
      default: .internal
      }
    if skip(to: "{") { open(.members(kind), memberAccess: inherited, owner: owner) }
  }

  private mutating func readFunction(_ kind: Declaration.Kind, name: String, line: Int) {
    while let token = next, !token.isSymbol("("), !token.isSymbol("{"), !token.isSymbol("}") { at += 1 }
    let parameters = next?.isSymbol("(") == true ? readParameters(of: kind) : []
    let owner = add(kind, name: name, line: line, parameters: parameters)
    if isTypeScoped(.protocol) {
      if kind == .subscript, skip(to: "{") { skipGroup(from: at - 1) }
    } else if skip(to: "{") {
      open(.statements, owner: owner)
    }
  }

  private mutating func readProperty(line: Int) {
    let name = readName()
    let isLocal = !holdsMembers
    let owner = isLocal ? nil : Optional(add(.property, name: name, line: line))
    guard isLocal ? next?.isSymbol(":") == true || next?.isSymbol("=") == true : true else { return }
    guard let sign = endOfType() else { return }
    if sign == "=" {
      if next?.isSymbol("{") == true {
        at += 1
        open(.statements, owner: add(.closure, name: name, line: line))
      }
    } else if isTypeScoped(.protocol) {
      skipGroup(from: at - 1)
    } else {
      open(.statements, owner: owner ?? add(.property, name: name, line: line))
    }
  }

  /// Passes over the type of a property and the sign after it; nil where nothing follows the type.
  private mutating func endOfType() -> String? {
    var depth = 0
    while let token = next {
      if token.isSymbol("(") || token.isSymbol("[") { depth += 1 }
      if token.isSymbol(")") || token.isSymbol("]") { depth -= 1 }
      if depth < 0 || token.isSymbol("}") || token.kind == .documentation { return nil }
      let begins = token.line > tokens[at - 1].line
      let isWord = token.kind == .identifier && (Self.keywords.contains(token.text) || Access(token.text) != nil)
      if begins, isWord || Self.modifiers.contains(token.text) || token.isSymbol("@") { return nil }
      if token.isWord("else") || token.isWord("in") && depth == 0 { return nil }
      at += 1
      if depth == 0, token.isSymbol("=") || token.isSymbol("{") { return token.text }
    }
    return nil
  }

  /// Reads `(_ a: A, b: B = c)` and stands behind it.
  private mutating func readParameters(of kind: Declaration.Kind) -> [Declaration.Parameter] {
    var groups: [[Token]] = [[]]
    var round = 0
    var angle = 0
    while let token = next {
      at += 1
      if ["(", "[", "{"].contains(where: token.isSymbol) { round += 1 }
      if [")", "]", "}"].contains(where: token.isSymbol) { round -= 1 }
      if token.isSymbol("<") { angle += 1 }
      if token.isSymbol(">") { angle = max(0, angle - 1) }
      if round == 0 { break }
      if round == 1 && angle == 0 && token.isSymbol(",") {
        groups.append([])
      } else {
        groups[groups.count - 1].append(token)
      }
    }
    return groups.compactMap { group in
      let words = group.drop { $0.isSymbol("(") || $0.kind == .documentation }
      guard let colon = words.firstIndex(where: { $0.isSymbol(":") }), colon > words.startIndex else { return nil }
      let names = words[words.startIndex..<colon].filter { $0.kind == .identifier }
      let first = names.first?.text ?? "_"
      let isUnlabelled = first == "_" || (kind == .subscript && names.count == 1)
      return Declaration.Parameter(label: isUnlabelled ? nil : first, hasDefault: words.contains { $0.isSymbol("=") })
    }
  }

  // MARK: Tokens

  private var next: Token? { at < tokens.count ? tokens[at] : nil }
  private var nextIsKeyword: Bool {
    next.map { Self.keywords.contains($0.text) || Self.modifiers.contains($0.text) } ?? false
  }
  private func follows(_ sign: String) -> Bool { at > 1 && tokens[at - 2].isSymbol(sign) }

  private mutating func readName() -> String {
    guard let token = next else { return "" }
    at += 1
    return token.text
  }

  private mutating func skipAttribute() {
    at += 1
    if next?.isSymbol("(") == true, next?.line == tokens[at - 1].line { skipGroup() }
  }

  /// Passes over a bracketed group that begins here.
  private mutating func skipGroup() { skipGroup(from: at) }

  private mutating func skipGroup(from start: Int) {
    var depth = 0
    at = start
    while let token = next {
      at += 1
      if ["(", "[", "{"].contains(where: token.isSymbol) { depth += 1 }
      if [")", "]", "}"].contains(where: token.isSymbol) { depth -= 1 }
      if depth == 0 { return }
    }
  }

  /// Stands behind the next `sign` outside brackets; false, and where it was, if the declaration ends before.
  private mutating func skip(to sign: String) -> Bool {
    let start = at
    while let token = next {
      if token.isSymbol("(") || token.isSymbol("[") {
        skipGroup()
        continue
      }
      at += 1
      if token.isSymbol(sign) { return true }
      if token.isSymbol("}") || token.kind == .documentation || token.isWord("func") { break }
    }
    at = start
    return false
  }

  // MARK: Scopes

  private var holdsMembers: Bool { if case .members = scopes[scopes.count - 1].content { true } else { false } }

  private func isTypeScoped(_ kind: Declaration.Kind) -> Bool {
    if case .members(kind) = scopes[scopes.count - 1].content { true } else { false }
  }

  private mutating func open(_ content: Scope.Content, memberAccess: Access = .internal, owner: Int?) {
    scopes.append(Scope(content: content, memberAccess: memberAccess, owner: owner))
  }

  private mutating func close(at line: Int) {
    guard scopes.count > 1, let owner = scopes.removeLast().owner else { return }
    declarations[owner].lastLine = line
  }

  @discardableResult
  private mutating func add(
    _ kind: Declaration.Kind, name: String, line: Int, parameters: [Declaration.Parameter] = []
  ) -> Int {
    declarations.append(
      Declaration(
        kind: kind, name: name, access: access ?? scopes[scopes.count - 1].memberAccess, line: line, lastLine: line,
        parameters: parameters, isDocumented: isDocumented, isLocal: !holdsMembers))
    return declarations.count - 1
  }
}
