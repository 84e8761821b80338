/// The targets of Package.swift and what each depends on, read from its text.
struct Manifest {
  /// Names of targets by the name of the target that depends on them; products of other packages count as targets.
  private(set) var dependencies: [String: [String]] = [:]
  private var usersOfPlugins: [String] = []

  init(_ file: SourceFile) {
    let code = file.tokens.filter { !$0.isComment }
    readTargets(code)
    readPlugins(code)
  }

  /// `.target(name: "Spectra", dependencies: ["Tensors", …])` and its kin.
  private mutating func readTargets(_ code: [Token]) {
    let kinds: Set<String> = ["target", "executableTarget", "systemLibrary"]
    for start in code.indices.dropLast(4)
    where kinds.contains(code[start].text) && code[start + 1].isSymbol("(") && code[start + 4].kind == .string {
      let arguments = Self.group(code, at: start + 1)
      let list = arguments.firstIndex { $0.isWord("dependencies") }
        .map { Self.group(code, at: $0 + 2).filter { $0.kind == .string }.map(\.text) }
      dependencies[code[start + 4].text] = list ?? []
      // `dependencies: […] + plugins.map { … }`
      if arguments.contains(where: { $0.isWord("plugins") }) { usersOfPlugins.append(code[start + 4].text) }
    }
  }

  /// `let plugins = [("Directions", ["Spectra"]), …]`, and what every plugin depends on.
  private mutating func readPlugins(_ code: [Token]) {
    guard let start = code.firstIndex(where: { $0.isWord("plugins") }),
      let sign = code[start...].firstIndex(where: { $0.isSymbol("=") }),
      let list = code[sign...].firstIndex(where: { $0.isSymbol("[") }),
      let template = code.firstIndex(where: { $0.isWord("pluginTargets") }),
      let common = code[template...].firstIndex(where: { $0.isSymbol("[") })
    else { return }
    let everywhere = Self.group(code, at: common).filter { $0.kind == .string }.map(\.text)
    for row in Self.group(code, at: list).indices where code[row].isSymbol("(") {
      let strings = Self.group(code, at: row).filter { $0.kind == .string }.map(\.text)
      dependencies[strings[0]] = everywhere + strings.dropFirst()
      for user in usersOfPlugins { dependencies[user, default: []].append(strings[0]) }
    }
  }

  /// The tokens from the bracket at `start` to the one that closes it.
  private static func group(_ code: [Token], at start: Int) -> ArraySlice<Token> {
    var depth = 0
    for index in code[start...].indices {
      if code[index].isSymbol("(") || code[index].isSymbol("[") { depth += 1 }
      if code[index].isSymbol(")") || code[index].isSymbol("]") { depth -= 1 }
      if depth == 0 { return code[start...index] }
    }
    return code[start...]
  }
}
