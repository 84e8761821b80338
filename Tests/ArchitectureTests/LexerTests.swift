import Testing

@Suite struct LexerTests {
  private func kinds(_ text: String) -> [String] {
    Lexer.tokens(of: text).map { "\($0.kind) \($0.text.trimmingPrefix { $0 == " " }) \($0.line)" }
  }

  @Test("comments nest, and their marks in strings are text")
  func comments() {
    #expect(
      kinds("/* a /* b */ c */ d // e\n/// f\n\"/* g\"") == [
        "comment a /* b */ c  1", "identifier d 1", "comment e 1", "documentation f 2", "string /* g 3",
      ])
  }

  @Test("strings may be raw, of several lines, and hold code")
  func strings() {
    #expect(kinds(##"#"a "b" \(c)"# d"##) == [##"string a "b" \(c) 1"##, "identifier d 1"])
    #expect(
      kinds("\"a \\(b(\"c)\")) d\" e") == [
        "fragment a  1", "identifier b 1", "symbol ( 1", "string c) 1", "symbol ) 1", "fragment d 1", "identifier e 1",
      ])
    #expect(kinds("\"\"\"\n a \"b\"\n \\(c)\n\"\"\" d").last == "identifier d 4")
    #expect(kinds("\"\\\\\" a") == ["string \\\\ 1", "identifier a 1"])
  }

  @Test("ranges, arrows and numbers are whole")
  func symbols() {
    #expect(kinds("0..<1.5") == ["number 0 1", "symbol ..< 1", "number 1.5 1"])
    #expect(kinds("`in` -> $0") == ["identifier in 1", "symbol -> 1", "identifier $0 1"])
  }

  @Test("declarations are found in types, in functions and behind attributes")
  func declarations() {
    let text = """
      @main struct A: B where C: D {
        @available(*, deprecated) private(set) public var a = [1, 2].map { $0 }, b = 0
        func f(_ a: Int, b c: Int = 0) -> [Int] {
          let g = { (x: Int) in x }
          if let a { return [a] }
          func h() {}
        }
        subscript(i: Int) -> Int { get { 0 } set {} }
      }
      protocol P { func f(); var a: Int { get } ; init() }
      enum E { case a, b; var c: Int { switch self { case .a: 0; case .b: 1 } } }
      """
    let all = DeclarationReader.declarations(of: Lexer.tokens(of: text))
    #expect(
      all.map { "\($0.title) \($0.line)-\($0.lastLine)" } == [
        "type 'A' 1-9", "property 'a' 2-2", "function 'f' 3-7", "closure 'g' 4-4", "function 'h' 6-6", "subscript 8-8",
        "protocol 'P' 10-10", "function 'f' 10-10", "property 'a' 10-10", "initializer 10-10", "enumeration 'E' 11-11",
        "case 'a' 11-11", "property 'c' 11-11",
      ])
    #expect(all[1].access == .public)
    #expect(all[2].parameters == [.init(label: nil, hasDefault: false), .init(label: "b", hasDefault: true)])
  }
}
