import Settings
import Testing

/// The text that `key=value` gives the setting `key`; nil for null.
private func text(_ override: String) throws -> String? {
  var settings = try Settings(parsing: "other: 1", file: "t.yaml", overrides: [override])
  return try settings[optional: "key", about: ""]
}

private func refusal(_ override: String) -> String {
  do { _ = try Settings(parsing: "other: 1", file: "t.yaml", overrides: [override]) } catch { return "\(error)" }
  return "no error"
}

@Suite struct OverrideTests {
  /// Values that YAML would cut, refuse or read as something else.
  private static let texts = [
    "/a b #c", "#", "a #", "a: b", ": ", "- a", "-", "*a", "&a b", "!a", "!!str 5", "%a", "@a", "`a", "|", ">", "? a",
    "---", "...", "a\tb", "\ta", "a\nb", "a\nb: c", "\n", " a", "a ", "  ", "", "=", "a=b", "key=1", "a'b", "\"a\" b",
    "'a' #b", "\"a\" #\"", "'a'b'", "\"", "'", "\"a", "a\"", "\"a\\\"", "[a] b", "{a} b", "[1] [2]", "[a] #c]x",
    "a]", "a}", "/a/[b", "é ü 漢字 🙂", "a\u{85}b", "a\u{2028}b", "\u{feff}a", "a\u{1b}b", "~x", "~/x", "a,b",
    "a, b", "<<", "1 2", "0x", "--x", "C:\\a\\n",
  ]

  @Test("an override's value is the text itself, with all its characters", arguments: texts)
  func literal(_ value: String) throws { #expect(try text("key=\(value)") == value) }

  @Test("what an override sets is written out so that it reads back the same", arguments: texts)
  func written(_ value: String) throws {
    var settings = try Settings(parsing: "", file: "t.yaml", overrides: ["key=\(value)"])
    let _: String = try settings[required: "key", about: ""]
    let file = settings.resolved(origins: true)
    var again = try Settings(parsing: file, file: "u.yaml")
    #expect(try again[required: "key", about: ""] == value, "\(file)")
    var quoted = try Settings(parsing: "", file: "t.yaml", overrides: ["key=\(value.yaml)"])
    #expect(try quoted[required: "key", about: ""] == value, "\(value.yaml)")
  }

  @Test("one whole number, word, quoted text, list or mapping is what it is in a file")
  func values() throws {
    for (value, number) in [("5", 5.0), (" 5 ", 5), ("-1e-3", -1e-3), (".5", 0.5), ("0x1F", 31)] {
      var settings = try Settings(parsing: "", file: "t.yaml", overrides: ["key=\(value)"])
      #expect(try settings[required: "key", about: ""] == number, "\(value)")
    }
    for (value, flag) in [("true", true), ("False", false), (" true", true)] {
      var settings = try Settings(parsing: "", file: "t.yaml", overrides: ["key=\(value)"])
      #expect(try settings[required: "key", about: ""] == flag, "\(value)")
    }
    for value in ["~", "null", "Null", " null "] { #expect(try text("key=\(value)") == nil, "\(value)") }
    for (value, content) in [
      ("\"a #b\"", "a #b"), ("'it''s'", "it's"), (" 'a' ", "a"), ("\"a\\nb\"", "a\nb"), ("\"\"", ""), ("'5'", "5"),
    ] { #expect(try text("key=\(value)") == content, "\(value)") }
    for (value, items) in [
      ("[]", []), ("[a, b]", ["a", "b"]), (" [a,b] ", ["a", "b"]), ("['a]', \"[#b\"]", ["a]", "[#b"]),
      ("[it's, b]", ["it's", "b"]), ("[a\n, b]", ["a", "b"]),
    ] {
      var settings = try Settings(parsing: "", file: "t.yaml", overrides: ["key=\(value)"])
      #expect(try settings[required: "key", about: ""] == items, "\(value)")
    }
    var settings = try Settings(parsing: "", file: "t.yaml", overrides: ["key={use: masked, steps: 8}"])
    var section = try settings.section("key", about: "")
    #expect(try section[required: "use", about: ""] == "masked" && section[required: "steps", about: ""] == 8)
    // A quoted number is a text.
    settings = try Settings(parsing: "", file: "t.yaml", overrides: ["key='5'"])
    #expect((try? settings[required: "key", about: ""] as Int) == nil)
  }

  @Test("only a bracket that is opened first and not closed, and brackets that hold no YAML, are refused")
  func refused() {
    for value in ["[", "[1, 2"] {
      #expect(
        refusal("key=\(value)")
          == "override 'key=\(value)': the '[' of the value is not closed by ']'; close it, or quote a text: "
          + "key='\"[...\"'.")
    }
    for value in ["{a: 1", "{a: [1}", "{a: \"}"] {
      #expect(
        refusal("key=\(value)")
          == "override 'key=\(value)': the '{' of the value is not closed by '}'; close it, or quote a text: "
          + "key='\"{...\"'.")
    }
    for value in ["[a: b: c]", "{path: /a b #c}", "{a: 1, a: 2}", "[*a]"] {
      #expect(refusal("key=\(value)") == "override 'key=\(value)': what follows '=' is not a YAML value.")
    }
  }
}
