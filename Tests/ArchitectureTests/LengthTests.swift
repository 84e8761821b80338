import Testing

@Suite struct LengthTests {
  private let path = "Sources/Networks/AdamW.swift"

  @Test("a file of 301 lines is found, one of 300 is not")
  func files() throws {
    let count = try #require(project.get().files.first { $0.path == path }).lines.count
    let padding = Array(repeating: "//", count: 300 - count)
    #expect(try found(.fileLength, adding: padding.joined(separator: "\n"), to: path).added == [])
    let (added, _) = try found(.fileLength, adding: (padding + ["//"]).joined(separator: "\n"), to: path)
    #expect(added == ["\(path):301: 301 lines; split the file, 300 are allowed."])
  }

  @Test(
    "functions, initialisers, subscripts, computed properties and closures with a name are measured",
    arguments: [
      ("func long() {", "function 'long'"), ("init(long: Int) {", "initializer"),
      ("subscript(at: Int) -> Int {", "subscript"), ("var long: [String: Int] {", "property 'long'"),
      ("static let long: () -> Void = {", "closure 'long'"),
    ])
  func functions(_ head: String, _ title: String) throws {
    func body(_ lines: Int) -> String {
      "extension AdamW {\n\(head)\n" + String(repeating: "f()\n", count: lines - 2) + "}\n}"
    }
    #expect(try found(.functionLength, adding: body(60), to: path).added == [])
    try expectViolation(
      of: .functionLength, adding: body(61), to: path, at: 1,
      sentence: "\(title) has 61 lines; split it, 60 are allowed.")
  }

  @Test("a line of 121 columns is found, counted in characters")
  func columns() throws {
    #expect(try found(.columns, adding: "// " + String(repeating: "é", count: 117), to: path).added == [])
    try expectViolation(
      of: .columns, adding: "// " + String(repeating: "é", count: 118), to: path,
      sentence: "121 columns; break the line, 120 are allowed.")
  }

  @Test("a function of seven parameters is found, also with closures and generics among them")
  func parameters() throws {
    let six = "a: Int, b: Int, _ c: [Int: Int], d: (Int, Int) -> Int = { $0 + $1 }, e: Dictionary<Int, Int>, f: Int"
    #expect(try found(.parameters, adding: "func wide<A, B>(\(six)) {}", to: path).added == [])
    try expectViolation(
      of: .parameters, adding: "func wide<A, B>(\(six), g: A) {}", to: path,
      sentence: "function 'wide' has 7 parameters; group them, 6 are allowed.")
  }

  @Test("four parameters without a label are found outside Tensors")
  func labels() throws {
    let four = "(_ a: Int, _ b: Int, _ c: Int, _ d: Int)"
    try expectViolation(
      of: .labels, adding: "func bare\(four) {}", to: path,
      sentence: "function 'bare' has 4 parameters without a label; 3 are allowed.")
    try expectViolation(
      of: .labels, adding: "extension AdamW {\n  subscript(a: Int, b: Int, c: Int, d: Int) -> Int { 0 }\n}", to: path,
      at: 1, sentence: "subscript has 4 parameters without a label; 3 are allowed.")
    #expect(try found(.labels, adding: "func f(_ a: Int, _ b: Int, _ c: Int, d: Int) {}", to: path).added == [])
    #expect(try found(.labels, adding: "func bare\(four) {}", to: "Sources/Tensors/Core/Tensor.swift").added == [])
  }
}
