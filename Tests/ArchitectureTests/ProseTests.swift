import Testing

@Suite struct ProseTests {
  private let path = "Sources/Networks/AdamW.swift"

  @Test(
    "public and package symbols without a documentation comment are found, members, cases and requirements too",
    arguments: [
      ("public func bare() {}", 0, "public function 'bare'"),
      ("@inlinable\npackage static var bare: Int { 0 }", 1, "package property 'bare'"),
      ("/// A type.\npublic enum A {\n  case bare(Int)\n}", 2, "public case 'bare'"),
      ("/// A type.\npublic protocol A {\n  var bare: Int { get set }\n}", 2, "public property 'bare'"),
      ("public extension A {\n  init(a: Int) {}\n}", 1, "public initializer"),
      ("// Not documentation.\npublic typealias Bare = Int", 1, "public type alias 'Bare'"),
    ])
  func documentation(_ lines: String, _ offset: Int, _ title: String) throws {
    try expectViolation(
      of: .documentation, adding: lines, to: path, at: offset, sentence: "\(title) has no documentation comment.")
  }

  @Test("documented and internal symbols are not reported")
  func documented() throws {
    let lines = """
      /// A type.
      @frozen public struct A: Sendable {
        /// A number.
        // Why it is so.
        public private(set) var number = 0
        let hidden = { (a: Int) in a }
        /// A value.
        public var value: Int { get { number } set { number = newValue } }
        /** An operator. */
        public static func == (a: A, b: A) -> Bool { a.number == b.number }
        deinit {}
      }
      """
    #expect(try found(.documentation, adding: lines, to: path).added == [])
  }

  @Test("a documentation comment that begins with a question word is found", arguments: Rule.poorOpenings)
  func openings(_ opening: String) throws {
    try expectViolation(
      of: .openings, adding: "/// A rate.\n/// \(opening) it is.\nvar a = 0\n/// \(opening) it is.\nvar b = 0",
      to: path,
      at: 3,
      sentence:
        "A documentation comment begins with \"\(opening)\"; begin with a noun phrase or a verb in the third person.")
  }

  @Test("fatalError, try! and as! are found; try before a negation is none of them")
  func traps() throws {
    for trap in ["fatalError", "try!", "as!"] {
      let line = ["fatalError": "fatalError(\"no\")", "try!": "_ = try! read()", "as!": "_ = a as! Int"][trap]!
      try expectViolation(
        of: .traps, adding: "func f() {\n  if try !read() {}\n  \(line)\n}", to: path, at: 2,
        sentence: "'\(trap)' stops the program; throw an error of one sentence, or use a precondition.")
    }
    #expect(try found(.traps, adding: "// try! fatalError\nlet a = \"try! fatalError()\"", to: path).added == [])
  }

  @Test("a lock of a function is found, and one of a structure is not")
  func locks() throws {
    try expectViolation(
      of: .functionsInLocks, adding: "let a = Mutex<Set<String>>([])\nlet b = Mutex<((Int) throws -> Void)?>(nil)",
      to: path, at: 1,
      sentence: "a lock of a function wraps it once more at every access; lock a structure that holds the function.")
  }

  @Test("few comments are found, and too many")
  func comments() throws {
    func found(_ comments: Int) throws -> [String] {
      let text = String(repeating: "// a\n", count: comments) + String(repeating: "f()\n", count: 100 - comments)
      let file = SourceFile(path: "Sources/Tensors/A.swift", text: text)
      return try Rule.commentPercentage.violations(Project(manifest: project.get().manifest, files: [file])).map(
        \.description)
    }
    #expect(try found(15) == [])
    #expect(try found(30) == [])
    #expect(
      try found(14)
        == ["Sources/Tensors/A.swift:1: 14 % of the lines of Sources and Plugins are comments; 15 to 30 % are wanted."])
    #expect(try found(31).count == 1)
  }
}
