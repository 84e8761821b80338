import Settings
import Testing

private enum Reveal: String, Setting, CaseIterable { case random, confident }

/// The message of the error that a body throws, or "no error".
private func message(_ body: () throws -> some Any) -> String {
  do {
    _ = try body()
    return "no error"
  } catch { return "\(error)" }
}

@Suite struct ReadingTests {
  @Test("numbers, words and booleans are distinguished as YAML 1.2 does")
  func scalars() throws {
    var s = try Settings(
      parsing: "a: 1e-4\nb: no\nc: 0x1F\nd: -1.5e3\ne: '5'\nf: true\ng: 1e3\nh: [1, 2]\ni: ~\nj: .5\n", file: "x.yaml")
    #expect(try s[required: "a", about: ""] as Double == 1e-4 && s[required: "b", about: ""] as String == "no")
    #expect(try s[required: "c", about: ""] as Int == 31 && s[required: "d", about: ""] as Double == -1500)
    #expect(try s[required: "e", about: ""] as String == "5" && s[required: "f", about: ""] as Bool)
    #expect(try s[required: "g", about: ""] as Int == 1000 && s[required: "h", about: ""] as [Int] == [1, 2])
    #expect(try s[optional: "i", about: ""] as Int? == nil && s[required: "j", about: ""] as Float == 0.5)
    try s.finish()
  }

  @Test("anchors, aliases and merge keys work; own keys win")
  func merging() throws {
    var s = try Settings(parsing: "base: &b { steps: 1, batch: 2 }\nrun: { <<: *b, steps: 3 }\n", file: "x.yaml")
    var base = try s.section("base", about: ""), run = try s.section("run", about: "")
    #expect(try base["steps", default: 0, about: ""] == 1 && base["batch", default: 0, about: ""] == 2)
    #expect(try run["steps", default: 0, about: ""] == 3 && run["batch", default: 0, about: ""] == 2)
  }

  @Test("mistakes are reported with location, line and what was meant")
  func mistakes() throws {
    func read(_ text: String, _ body: (inout Settings) throws -> Void) -> String {
      message {
        var s = try Settings(parsing: text, file: "x.yaml")
        try body(&s)
        try s.finish()
      }
    }
    #expect(
      read("stpes: 3\n") { _ = try $0["steps", default: 1, about: ""] }
        == "x.yaml:1:1: there is no setting 'stpes' at the top; there are steps. Did you mean 'steps'?"
        + "\n  1 | stpes: 3\n    | ^"
    )
    #expect(read("a: 1\na: 2\n") { _ in }.hasPrefix("x.yaml:2:1: 'a' is set twice, first in line 1; keep one of them."))
    #expect(
      read("steps: many\n") { _ = try $0["steps", default: 1, about: ""] }.hasPrefix(
        "x.yaml:1:8: 'steps' must be a whole number, not 'many'."))
    #expect(
      read("steps: 0\n") { _ = try $0["steps", default: 1, in: 1...9, about: ""] }.hasPrefix(
        "x.yaml:1:8: 'steps' must be from 1 to 9, not 0."))
    #expect(
      read("r: randon\n") { _ = try $0["r", default: Reveal.random, about: ""] }.hasPrefix(
        "x.yaml:1:4: 'r' must be one of random, confident, not 'randon'. Did you mean 'random'?"))
    #expect(read("a: [1\n") { _ in }.hasPrefix("x.yaml:2:1: this is not YAML: "))
    #expect(
      read("d: { x: 1 }\n") { _ = try $0.section("d", about: "") }.hasPrefix(
        "x.yaml:1:6: there is no setting 'x' in 'd'."))
    #expect(read("- 1\n") { _ in }.hasPrefix("x.yaml:1:1: an experiment is a mapping of keys to values, not a list."))
    #expect(
      message { try Settings(file: "/nowhere.yaml") }
        == "/nowhere.yaml: there is no such file; name an experiment file, such as Experiments/quickstart.yaml.")
  }

  @Test("overrides lie over the file, and bad ones are refused")
  func overrides() throws {
    var s = try Settings(
      parsing: "a: { b: 1 }\nl: [{ c: 1 }]\n", file: "x.yaml", overrides: ["a.b=2", "a.d=hello", "l[0].c=5"])
    var a = try s.section("a", about: ""), l = try s.sections("l", about: "")
    #expect(
      try a["b", default: 0, about: ""] == 2 && a["d", default: "", about: ""] == "hello"
        && l[0]["c", default: 0, about: ""] == 5)
    #expect(
      message { try Settings(parsing: "a: 1", file: "x", overrides: ["a"]) }
        == "override 'a': write it as key=value, for example training.steps=100.")
    #expect(
      message { try Settings(parsing: "a: 1", file: "x", overrides: ["a.b=1"]) }
        == "override 'a.b=1': 'b' is set in '1', which has no keys.")
    #expect(
      message { try Settings(parsing: "a: [1]", file: "x", overrides: ["a[3]=1"]) }
        == "override 'a[3]=1': there is no item [3] in a list.")
  }

  @Test("what is written out reads back the same, defaults included")
  func resolved() throws {
    func read(_ text: String) throws -> Settings {
      var s = try Settings(parsing: text, file: "x.yaml")
      _ = try s["text", default: "5: \"ä\"\n", about: ""]
      _ = try s["number", default: 1e-5, about: ""]
      var inner = try s.section("inner", about: "")
      _ = try inner["list", default: [1, 2], about: ""]
      for var item in try s.sections("items", about: "") { _ = try item[required: "use", about: ""] as String }
      try s.finish()
      return s
    }
    let first = try read("items: [{ use: a }, { use: b }]\n").resolved(origins: false)
    #expect(try read(first).resolved(origins: false) == first)
    #expect(try read("number: 2\n").resolved(origins: true).contains("number: 2  # x.yaml:1:1"))
  }
}
