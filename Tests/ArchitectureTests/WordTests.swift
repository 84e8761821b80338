import Testing

@Suite struct WordTests {
  private let path = "Sources/Networks/AdamW.swift"

  @Test("a private word in a name is found, whatever its case and neighbours")
  func names() throws {
    try expectViolation(
      of: .words, adding: "let a = 0\nlet rowLanes = 0", to: path, at: 1,
      sentence: "\"lanes\" in 'rowLanes': use element, or Vector16 and register.")
    try expectViolation(
      of: .words, adding: "struct RivalNet {}", to: path, sentence: "\"rival\" in 'RivalNet': use discriminator.")
  }

  @Test("a private word or phrase in a comment or in a message is found, on its line")
  func prose() throws {
    try expectViolation(
      of: .words, adding: "/* One.\n   Nobody reads it. */", to: path, at: 1,
      sentence: "\"nobody\": use name of the part or the user.")
    try expectViolation(
      of: .words, adding: "// On the way back it is added.", to: path,
      sentence: "\"way back\": use backward pass or forward pass.")
    try expectViolation(
      of: .words, adding: "let m = \"\"\"\n  the file\n  of one picture of \\(a)\n  \"\"\"", to: path, at: 2,
      sentence: "\"picture\": use image.")
  }

  @Test("words of another sense and parts of words are not reported")
  func ordinary() throws {
    let lines = """
      func replacePlaceholder(inPlace isShared: Bool) {}
      // Written in place; takes place once, to two decimal places; rows share a shift.
      func forEach() {}
      let key = "picture"
      """
    #expect(try found(.words, adding: lines, to: path).added == [])
  }

  @Test("some words are private in kernels only")
  func folders() throws {
    #expect(try found(.words, adding: "let known = 0", to: "Plugins/Directions/Masked.swift").added == [])
    try expectViolation(
      of: .words, adding: "let known = 0", to: "Sources/Tensors/Core/Tensor.swift",
      sentence: "\"known\" in 'known': use mean, rstd, inverseNorm or delta.")
    #expect(try found(.words, adding: "// It asks.", to: "Sources/Autoregression/Turn.swift").added == [])
  }

  @Test("names are cut at capitals, acronyms, figures and underscores")
  func cutting() {
    #expect(Text.words(ofName: "rowMaxima2D") == ["row", "maxima", "2", "d"])
    #expect(Text.words(ofName: "GEMMPlan") == ["gemm", "plan"])
    #expect(Text.words(ofName: "overtone_sum") == ["overtone", "sum"])
  }
}
