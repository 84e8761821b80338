import Foundation
import Settings
import Testing

private enum Order: String, Setting, CaseIterable { case raster, random }

private func refusal(_ text: String, _ overrides: [String] = []) -> String {
  do { _ = try Settings(parsing: text, file: "x.yaml", overrides: overrides) } catch {
    return String("\(error)".prefix { $0 != "\n" })
  }
  return "no error"
}

@Suite struct YAMLTests {
  @Test("a file with nothing in it has no keys", arguments: ["", "~", "# a comment\n", "{}", "---\n"])
  func empty(_ text: String) throws { #expect(try Settings(parsing: text, file: "x.yaml").keys == []) }

  @Test("keys keep the order of the file, and say whether they hold a mapping or a list")
  func keys() throws {
    let settings = try Settings(parsing: "b: { x: 1 }\na: [1]\nc: ~\n", file: "x.yaml")
    #expect(settings.keys == ["b", "a", "c"])
    #expect(settings.has("c") && !settings.has("x"))
    #expect(settings.isMapping("b") && !settings.isMapping("a") && !settings.isMapping("x"))
    #expect(settings.isList("a") && !settings.isList("b") && !settings.isList("x"))
  }

  @Test("texts that are YAML but no experiment are refused where they stand")
  func refusals() {
    #expect(refusal("a: *b") == "x.yaml:1:4: '*b' names nothing that stands before it and is complete.")
    #expect(refusal("? [1]\n: 2") == "x.yaml:1:3: a key must be a word.")
    #expect(refusal("a: 1\n<<: 3") == "x.yaml:2:5: '<<' takes a mapping or a list of mappings.")
    #expect(
      refusal("a: 1\n---\nb: 2") == "x.yaml:2:1: a second document starts here; an experiment is one document.")
    #expect(refusal("word") == "x.yaml:1:1: an experiment is a mapping of keys to values, not 'word'.")
  }

  @Test("aliases of aliases that unfold to millions of values are refused")
  func unfolding() {
    let text = (0...6).map { level in
      let item = level == 0 ? "x" : "*a\(level - 1)"
      return "a\(level): &a\(level) [\(Array(repeating: item, count: 10).joined(separator: ", "))]\n"
    }.joined()
    #expect(refusal(text).hasSuffix(": this file has more than 100000 values, those that aliases repeat included."))
  }

  @Test("overrides that name no path or no value are refused with what was written")
  func overrides() {
    func override(_ text: String) -> String { refusal("a: [1]", [text]) }
    #expect(override("=1") == "override '=1': write it as key=value, for example training.steps=100.")
    #expect(override("a..b=1") == "override 'a..b=1': a key is empty.")
    #expect(override("[0]=1") == "override '[0]=1': a key is empty.")
    #expect(override("a[x]=1") == "override 'a[x]=1': an index is written [0].")
    #expect(override("a[-1]=1") == "override 'a[-1]=1': an index is written [0].")
    #expect(
      override("a={")
        == "override 'a={': the '{' of the value is not closed by '}'; close it, or quote a text: key='\"{...\"'.")
    #expect(override("a[1]=1") == "override 'a[1]=1': there is no item [1] in a list.")
    #expect(override("a[0]=2") == "no error")
  }

  @Test("an override makes the mappings that are missing on its path, and may refer to other settings")
  func overriding() throws {
    var settings = try Settings(parsing: "a:\nb: 3", file: "x.yaml", overrides: ["a.x.y=1", "c=${b}"])
    var a = try settings.section("a", about: "")
    var x = try a.section("x", about: "")
    #expect(try x[required: "y", about: ""] as Int == 1)
    #expect(try settings[required: "c", about: ""] as Int == 3)
  }

  @Test("folders and texts of another encoding are no experiment files")
  func files() throws {
    let folder = NSTemporaryDirectory() + "overtone-yaml-\(UUID().uuidString)", path = "\(folder)/x.yaml"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    func refusal(_ path: String) -> String {
      do { _ = try Settings(file: path) } catch { return "\(error)" }
      return "no error"
    }
    #expect(refusal(folder) == "\(folder): this is a folder, not a file; name an experiment file.")
    try Data([0x61, 0x3A, 0x20, 0xFF]).write(to: URL(fileURLWithPath: path))
    #expect(refusal(path) == "\(path):1:4: the byte FF is not UTF-8; save it as UTF-8.")
    try Data("extends: {}\n".utf8).write(to: URL(fileURLWithPath: path))
    #expect(
      refusal(path) == "\(path):1:10: 'extends' takes the path of a file, or a list of them."
        + "\n  1 | extends: {}\n    |          ^")
  }

  @Test(
    "numbers read back as they are written", arguments: [0, 1.5, -2, 0.1, 1e-30, 1e15, 1e300])
  func numbers(_ number: Double) throws {
    var settings = try Settings(parsing: "a: \(number.yaml)", file: "x.yaml")
    #expect(try settings[required: "a", about: ""] as Double == number)
  }

  @Test("texts read back as they are written, quoted where YAML would take them for something else")
  func texts() throws {
    for text in ["word", "true", "null", "5", "", "a b", "a: b", "- a", "ä", "a\"b\\c\n\t\r", "#a", "a/b.c"] {
      var settings = try Settings(parsing: "a: \(text.yaml)", file: "x.yaml")
      #expect(try settings[required: "a", about: ""] as String == text)
    }
    #expect("a/b.c".yaml == "a/b.c" && "true".yaml == "\"true\"" && "5".yaml == "\"5\"" && "a\nb".yaml == "\"a\\nb\"")
    #expect([1, 2].yaml == "[1, 2]" && true.yaml == "true" && (3.0).yaml == "3" && Order.random.yaml == "random")
  }

  @Test("kinds and forms name the values that a setting takes")
  func forms() {
    #expect(Int.form == .whole && Double.form == .number && Float.form == .number && Bool.form == .flag)
    #expect(String.form == .text && [Double].form == .list(.number) && Order.form == .choice(["raster", "random"]))
    #expect(Order.kind == "one of raster, random" && [Int].kind == "a list, each a whole number")
    #expect(Bool.choices == ["true", "false"] && Int.choices == [])
  }

  @Test("values are listed by path, defaults and nulls included, sections left out")
  func values() throws {
    var settings = try Settings(parsing: "training: { steps: 5 }\nlimit: ~", file: "x.yaml")
    var training = try settings.section("training", about: "")
    #expect(try training["steps", default: 1, in: 1...9, about: "steps taken"] == 5)
    #expect(try settings["seed", default: 3, about: ""] == 3)
    #expect(try settings[optional: "limit", about: ""] as Int? == nil)
    #expect(settings.values == ["training.steps": "5", "seed": "3", "limit": "null"])
    let steps = try #require(settings.reads.first { $0.reading.key == "steps" })
    #expect(steps.section == "training" && steps.reading.bounds == "1 to 9" && steps.reading.about == "steps taken")
    #expect(steps.reading.location?.line == 1 && !steps.reading.isRequired && !steps.reading.isNullable)
  }

  @Test("merged mappings come after the keys of the mapping, earlier ones win, and anchors of lists work as well")
  func merging() throws {
    var settings = try Settings(
      parsing: "a: &a { x: 1, y: 1 }\nb: &b { y: 2, z: 2 }\nc: { z: 3, <<: [*a, *b] }\nd: &d [1, 2]\ne: *d",
      file: "x.yaml")
    var c = try settings.section("c", about: "")
    #expect(c.keys == ["z", "x", "y"])
    let values: [Int] = [
      try c[required: "x", about: ""], try c[required: "y", about: ""], try c[required: "z", about: ""],
    ]
    #expect(values == [1, 1, 3])
    #expect(try settings[required: "e", about: ""] as [Int] == [1, 2])
  }

  @Test("what is read is written out as YAML, with the location of each value or its default")
  func written() throws {
    var settings = try Settings(parsing: "training: { steps: 5 }\nitems: [{ use: a }]", file: "x.yaml")
    var training = try settings.section("training", about: "")
    _ = try training["steps", default: 1, about: ""]
    _ = try training["batch", default: 8, about: ""]
    for var item in try settings.sections("items", about: "") { _ = try item[required: "use", about: ""] as String }
    _ = try settings.section("empty", about: "")
    _ = try settings.sections("none", about: "")
    #expect(
      settings.resolved(origins: false)
        == "training:\n  steps: 5\n  batch: 8\nitems:\n  - use: a\nempty: {}\nnone: []\n")
    #expect(settings.resolved(origins: true).contains("  steps: 5  # x.yaml:1:13\n  batch: 8  # default\n"))
  }
}
