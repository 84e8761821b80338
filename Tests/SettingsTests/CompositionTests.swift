import Foundation
import Settings
import Testing

/// A folder of files that lasts as long as a test.
private func inFolder<Result>(_ files: [String: String], _ body: (String) throws -> Result) throws -> Result {
  let folder = NSTemporaryDirectory() + "overtone-settings-\(UUID().uuidString)"
  defer { try? FileManager.default.removeItem(atPath: folder) }
  for (name, text) in files {
    let path = "\(folder)/\(name)", parent = URL(fileURLWithPath: path).deletingLastPathComponent().path
    try FileManager.default.createDirectory(atPath: parent, withIntermediateDirectories: true)
    try text.write(toFile: path, atomically: true, encoding: .utf8)
  }
  return try body(folder)
}

private func message(_ body: () throws -> Void) -> String {
  do { try body() } catch { return "\(error)" }
  return "no error"
}

@Suite struct CompositionTests {
  private static let base = """
    seed: 1
    loss: { use: diffusion, width: 64, depth: 3 }
    training: { steps: 100, batch: 8 }
    """

  @Test("a file is put over what it extends, key by key, and each value remembers its own file")
  func extends() throws {
    try inFolder(["parts/base.yaml": Self.base, "a.yaml": "extends: parts/base.yaml\ntraining: { steps: 7 }\n"]) {
      folder in
      var settings = try Settings(file: "\(folder)/a.yaml")
      var training = try settings.section("training", about: "")
      #expect(try training[required: "steps", about: ""] as Int == 7)
      #expect(try training[required: "batch", about: ""] as Int == 8)
      let origins = settings.resolved(origins: true)
      #expect(origins.contains("a.yaml:2") && origins.contains("parts/base.yaml:3"))
    }
  }

  @Test("a section that uses another component replaces the whole section, one that uses the same is put over it")
  func components() throws {
    let files = [
      "base.yaml": Self.base, "same.yaml": "extends: base.yaml\nloss: { use: diffusion, depth: 6 }\n",
      "other.yaml": "extends: base.yaml\nloss: { use: l2, scale: 2 }\n",
    ]
    try inFolder(files) { folder in
      func keys(_ name: String) throws -> [String] {
        var settings = try Settings(file: "\(folder)/\(name).yaml")
        return try settings.section("loss", about: "").keys
      }
      let (same, other) = (try keys("same"), try keys("other"))
      #expect(same == ["use", "width", "depth"])
      #expect(other == ["use", "scale"])
    }
  }

  @Test("of several files the later wins, the file itself over all, an override over that")
  func order() throws {
    let files = [
      "a.yaml": "x: 1\ny: 1\nz: 1\nw: 1", "b.yaml": "y: 2\nz: 2\nw: 2",
      "c.yaml": "extends: [a.yaml, b.yaml]\nz: 3\nw: 3",
    ]
    try inFolder(files) { folder in
      var settings = try Settings(file: "\(folder)/c.yaml", overrides: ["w=4"])
      let values: [Int] = [
        try settings[required: "x", about: ""], try settings[required: "y", about: ""],
        try settings[required: "z", about: ""], try settings[required: "w", about: ""],
      ]
      #expect(values == [1, 2, 3, 4])
    }
  }

  @Test("a scale is put over the file, and an unknown one is refused with those there are")
  func scales() throws {
    let text = "training: { steps: 100, batch: 8 }\nscales:\n  smoke: { training: { steps: 2 } }\n  paper: {}\n"
    try inFolder(["a.yaml": text, "b.yaml": "x: 1\n"]) { folder in
      func steps(_ scale: String?) throws -> Int {
        var settings = try Settings(file: "\(folder)/a.yaml", scale: scale)
        var training = try settings.section("training", about: "")
        _ = try training[required: "batch", about: ""] as Int
        let steps: Int = try training[required: "steps", about: ""]
        try settings.finish()
        return steps
      }
      let found = [try steps(nil), try steps("smoke"), try steps("paper")]
      #expect(found == [100, 2, 100])
      #expect(
        message { _ = try Settings(file: "\(folder)/a.yaml", scale: "smok") }
          == "\(folder)/a.yaml:2:1: there is no setting 'smok' in 'scales'; there are smoke, paper. "
          + "Did you mean 'smoke'?\n  2 | scales:\n    | ^"
      )
      #expect(
        message { _ = try Settings(file: "\(folder)/b.yaml", scale: "smoke") }
          == "\(folder)/b.yaml:1:1: this experiment has no scales; leave out --scale.\n  1 | x: 1\n    | ^")
    }
  }

  @Test("a circle of files and a file that is not there are mistakes of the line that names them")
  func refusals() throws {
    let files = ["a.yaml": "extends: b.yaml\n", "b.yaml": "extends: a.yaml\n", "c.yaml": "x: 1\nextends: gone.yaml\n"]
    try inFolder(files) { folder in
      #expect(
        message { _ = try Settings(file: "\(folder)/a.yaml") }
          == "\(folder)/b.yaml:1:10: \(folder)/a.yaml extends itself by way of \(folder)/a.yaml, \(folder)/b.yaml."
          + "\n  1 | extends: a.yaml\n    |          ^"
      )
      #expect(
        message { _ = try Settings(file: "\(folder)/c.yaml") }.hasPrefix(
          "\(folder)/c.yaml:2:10: \(folder)/gone.yaml: there is no such file;"))
    }
  }

  @Test("a reference takes the value it names, of its kind, after overrides; inside a text the words")
  func references() throws {
    var settings = try Settings(
      parsing: "a: { steps: 10 }\nb: '${a.steps}'\nc: ${a}\nd: run-${a.steps}-${e}\ne: x", file: "t.yaml",
      overrides: ["a.steps=20"])
    #expect(try settings[required: "b", about: ""] as Int == 20)
    var copy = try settings.section("c", about: "")
    #expect(try copy[required: "steps", about: ""] as Int == 20)
    #expect(try settings[required: "d", about: ""] as String == "run-20-x")
  }

  @Test("a reference to nothing, to itself or to a mapping inside a text is refused where it stands")
  func badReferences() {
    func refusal(_ text: String) -> String { message { _ = try Settings(parsing: text, file: "t.yaml") } }
    #expect(refusal("a: ${b}") == "t.yaml:1:4: '${b}' names nothing in this experiment.\n  1 | a: ${b}\n    |    ^")
    #expect(
      refusal("a: ${b}\nb: ${a}").hasPrefix("t.yaml:2:4: '${a}' leads back to itself by way of a, b.")
        || refusal("a: ${b}\nb: ${a}").contains("leads back to itself"))
    #expect(
      refusal("a: x${b}\nb: {}").hasPrefix(
        "t.yaml:1:4: '${b}' is a mapping; inside a text only a single value can stand."))
    #expect(refusal("a: 'x${b'").hasPrefix("t.yaml:1:4: '${' is not closed by '}'."))
  }

  @Test("lists and nulls replace the values below them, and paths are relative to the file that names them")
  func replacing() throws {
    let files = [
      "base.yaml": "l: [1, 2]\na: { x: 1 }\nb: { x: 1 }\n",
      "parts/middle.yaml": "extends: ../base.yaml\nl: [3]\n",
      "top.yaml": "extends: ./parts/middle.yaml\na:\nb: { y: 2 }\n",
    ]
    try inFolder(files) { folder in
      var settings = try Settings(file: "\(folder)/top.yaml")
      #expect(try settings[required: "l", about: ""] as [Int] == [3])
      let a = try settings.section("a", about: ""), b = try settings.section("b", about: "")
      #expect(a.keys == [] && b.keys == ["x", "y"])
    }
  }
}
