import Settings
import Testing

/// The message of the error that a body throws, without the excerpt; "no error" where it throws none.
private func message(_ body: () throws -> some Any) -> String {
  do {
    _ = try body()
    return "no error"
  } catch { return String("\(error)".prefix { $0 != "\n" }) }
}

/// The first line of the error that reading `text` by `body` and finishing ends with.
private func refusal(_ text: String, _ body: (inout Settings) throws -> Void) -> String {
  message {
    var settings = try Settings(parsing: text, file: "x.yaml")
    try body(&settings)
    try settings.finish()
  }
}

@Suite struct MessagesTests {
  private static let location = FileLocation(file: "x.yaml", line: 12, column: 3, source: "  steps: 0")

  @Test("every error is one sentence with its location and the line below it")
  func descriptions() {
    let location = Self.location, first = FileLocation(file: "x.yaml", line: 4, column: 3)
    let sentences: [(SettingsError, String)] = [
      (.malformed(location, why: "a key must be a word."), "a key must be a word."),
      (.unsuitable(location, why: "no head divides 5."), "no head divides 5."),
      (
        .duplicate(key: "steps", location, first: first),
        "'steps' is set twice, first in line 4; keep one of them."
      ),
      (.missing(key: "steps", location), "the setting 'steps' is missing."),
      (.notFinite(key: "scale", location, found: ".nan"), "'scale' must be finite, not .nan."),
      (
        .unknown(key: "stpes", location, section: "", known: ["seed", "steps"]),
        "there is no setting 'stpes' at the top; there are seed, steps. Did you mean 'steps'?"
      ),
      (.unknown(key: "x", location, section: "training", known: []), "there is no setting 'x' in 'training'."),
      (
        .wrongKind(key: "steps", location, found: "'many'", wanted: "a whole number", near: nil),
        "'steps' must be a whole number, not 'many'."
      ),
      (
        .wrongKind(key: "use", location, found: "'rign'", wanted: "one of ring, star", near: "ring"),
        "'use' must be one of ring, star, not 'rign'. Did you mean 'ring'?"
      ),
      (.renamed("old", of: nil, location, to: "new"), "'old' is called 'new' now."),
      (.renamed("old", of: "key", location, to: "new"), "'old' of 'key' is called 'new' now."),
      (
        .outside(key: "steps", location, found: "0", lowest: "1", highest: "9"),
        "'steps' must be from 1 to 9, not 0."
      ),
    ]
    for (error, sentence) in sentences {
      #expect(error.description == "x.yaml:12:3: \(sentence)\n  12 |   steps: 0\n     |   ^")
    }
  }

  @Test("an error without a line has no excerpt, and one without a position names the file alone")
  func withoutLines() {
    #expect(SettingsError.unreadable(file: "x.yaml", why: "it is gone.").description == "x.yaml: it is gone.")
    #expect(SettingsError.override("a", why: "a key is empty.").description == "override 'a': a key is empty.")
    let nowhere = FileLocation(file: "override", line: 0, column: 0)
    #expect(nowhere.description == "override")
    #expect(SettingsError.missing(key: "a", nowhere).description == "override: the setting 'a' is missing.")
    let unread = FileLocation(file: "x.yaml", line: 2, column: 5)
    #expect(SettingsError.missing(key: "a", unread).description == "x.yaml:2:5: the setting 'a' is missing.")
  }

  @Test("the nearest name is within a third of the letters, transpositions counted once, and the first of equals")
  func suggestions() {
    #expect(nearest("stpes", among: ["seed", "steps"]) == "steps")
    #expect(nearest("sted", among: ["steps", "seed"]) == "seed")
    #expect(nearest("backgruonds", among: ["backbone", "backgrounds"]) == "backgrounds")
    #expect(nearest("ab", among: ["ac", "ad"]) == "ac")
    #expect(nearest("abcdef", among: ["abcdxy"]) == "abcdxy" && nearest("abcdef", among: ["abcxyz"]) == nil)
    #expect(nearest("width", among: ["depth"]) == nil && nearest("width", among: []) == nil)
  }

  @Test("a required setting that is missing is reported at its section")
  func missing() {
    #expect(
      refusal("a: 1") { _ = try $0[required: "steps", about: ""] as Int }
        == "x.yaml:1:1: the setting 'steps' is missing.")
    #expect(
      refusal("a: 1\ntraining: {}") {
        var training = try $0.section("training", about: "")
        _ = try training[required: "steps", about: ""] as Int
      } == "x.yaml:2:1: the setting 'steps' is missing.")
    var empty = Settings.empty("defaults")
    #expect(
      message { try empty[required: "steps", about: ""] as Int } == "defaults: the setting 'steps' is missing.")
  }

  @Test("values of another kind are reported with the kind that is wanted")
  func kinds() {
    func whole(_ text: String) -> String { refusal(text) { _ = try $0["n", default: 1, about: ""] } }
    #expect(whole("n: 1.5") == "x.yaml:1:4: 'n' must be a whole number, not '1.5'.")
    #expect(whole("n: '5'") == "x.yaml:1:4: 'n' must be a whole number, not '5'.")
    #expect(whole("n: []") == "x.yaml:1:4: 'n' must be a whole number, not a list.")
    #expect(whole("n: {}") == "x.yaml:1:4: 'n' must be a whole number, not a mapping.")
    #expect(whole("n: ~") == "x.yaml:1:4: 'n' must be a whole number, not nothing.")
    func flag(_ text: String) -> String { refusal(text) { _ = try $0["f", default: true, about: ""] } }
    #expect(flag("f: yes") == "x.yaml:1:4: 'f' must be true or false, not 'yes'.")
    #expect(flag("f: tru") == "x.yaml:1:4: 'f' must be true or false, not 'tru'. Did you mean 'true'?")
    func list(_ text: String) -> String { refusal(text) { _ = try $0["l", default: [1], about: ""] } }
    #expect(list("l: [1, x]") == "x.yaml:1:4: 'l' must be a list, each a whole number, not a list.")
    #expect(list("l: 1") == "x.yaml:1:4: 'l' must be a list, each a whole number, not '1'.")
    #expect(list("l: []") == "no error" && list("l: [1, 2]") == "no error")
  }

  @Test(
    "a number that is not finite is refused with its location, in a list, too, and where single precision overflows",
    arguments: [
      (".inf", ".inf"), ("-.inf", "-.inf"), (".nan", ".nan"), (".NaN", ".nan"), ("1e39", ".inf"), ("1e999", ".inf"),
      ("[1, .nan]", "[1, .nan]"), ("[.inf, 2]", "[.inf, 2]"),
    ])
  func notFinite(_ text: String, _ found: String) {
    let error = message {
      var settings = try Settings(parsing: "scale: \(text)", file: "x.yaml")
      if text.hasPrefix("[") {
        _ = try settings[required: "scale", about: ""] as [Float]
      } else {
        _ = try settings["scale", default: Float(1), about: ""]
      }
    }
    #expect(error == "x.yaml:1:8: 'scale' must be finite, not \(found).")
  }

  @Test("ranges include their ends, and neither infinity nor NaN is inside")
  func ranges() {
    func whole(_ text: String) -> String { refusal(text) { _ = try $0["n", default: 1, in: 1...9, about: ""] } }
    #expect(whole("n: 1") == "no error" && whole("n: 9") == "no error")
    #expect(whole("n: 10") == "x.yaml:1:4: 'n' must be from 1 to 9, not 10.")
    func real(_ text: String) -> String { refusal(text) { _ = try $0["rate", default: 0.5, in: 0...1, about: ""] } }
    #expect(real("rate: 2.5") == "x.yaml:1:7: 'rate' must be from 0 to 1, not 2.5.")
    #expect(real("rate: .inf") == "x.yaml:1:7: 'rate' must be from 0 to 1, not .inf.")
    #expect(real("rate: .nan") == "x.yaml:1:7: 'rate' must be from 0 to 1, not .nan.")
  }

  @Test("sections are mappings or nothing, lists of sections hold mappings only")
  func sections() throws {
    func section(_ text: String) -> String { refusal(text) { _ = try $0.section("s", about: "") } }
    #expect(section("s: 3") == "x.yaml:1:4: 's' must be a mapping, not '3'.")
    #expect(section("s: ~") == "no error" && section("") == "no error")
    func sections(_ text: String) -> String { refusal(text) { _ = try $0.sections("s", about: "") } }
    #expect(sections("s: {}") == "x.yaml:1:4: 's' must be a list of mappings, not a mapping.")
    #expect(sections("s: [1]") == "x.yaml:1:5: 's' must be a list of mappings, not '1'.")
    #expect(sections("s: ~") == "no error" && sections("s: []") == "no error")
  }

  @Test("a component refuses at the key that it names, else at its section")
  func components() throws {
    let settings = try Settings(parsing: "a: 1\nb: 2", file: "x.yaml")
    #expect(settings.refusal("it is odd.", at: "b").description == "x.yaml:2:1: it is odd.\n  2 | b: 2\n    | ^")
    #expect(settings.refusal("it is odd.").description == "x.yaml:1:1: it is odd.\n  1 | a: 1\n    | ^")
    #expect(settings.refusal("it is odd.", at: "c").description == settings.refusal("it is odd.").description)
  }
}
