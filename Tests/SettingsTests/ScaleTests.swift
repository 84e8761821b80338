import Foundation
import Settings
import Testing

/// A file in a folder of its own, as long as the test runs.
private func written<Result>(_ text: String, _ body: (String) throws -> Result) throws -> Result {
  let file = NSTemporaryDirectory() + "overtone-scale-\(UUID().uuidString).yaml"
  defer { try? FileManager.default.removeItem(atPath: file) }
  try text.write(toFile: file, atomically: true, encoding: .utf8)
  return try body(file)
}

private func refusal(_ text: String, scale: String? = nil) throws -> String {
  try written(text) { file in
    do { _ = try Settings(file: file, scale: scale) } catch {
      return String("\(error)".split(separator: "\n").first ?? "").replacingOccurrences(of: file, with: "t.yaml")
    }
    return "no error"
  }
}

private func steps(_ text: String, scale: String? = nil) throws -> Int {
  try written(text) { file in
    var settings = try Settings(file: file, scale: scale)
    let steps: Int = try settings[required: "steps", about: ""]
    try settings.finish()
    return steps
  }
}

@Suite struct ScaleTests {
  @Test("a file may name the scale that it has when none is requested")
  func usual() throws {
    let text = "scale: small\nscales: { small: { steps: 2 }, large: { steps: 3 } }"
    let found = [try steps(text), try steps(text, scale: "large")]
    #expect(found == [2, 3])
    #expect(
      try refusal("scale: smal\nscales: { small: }").hasPrefix("t.yaml:1:8: there is no setting 'smal' in 'scales'"))
    #expect(try refusal("scale: small") == "t.yaml:1:1: this experiment has no scales; leave out 'scale'.")
    #expect(try refusal("scale: []\nscales: {}") == "t.yaml:1:8: 'scale' takes the name of one of 'scales'.")
  }

  @Test("a scale with nothing in it is the file as it is")
  func empty() throws { #expect(try steps("steps: 5\nscales: { plain: }", scale: "plain") == 5) }

  @Test("a scale may build on another, and never on itself")
  func builds() throws {
    let text = """
      steps: 1
      x: 1
      scales:
        paper: { steps: 9, y: { z: 1, w: 1 } }
        larger: { scale: paper, y: { z: 2 } }
        round: { scale: about }
        about: { scale: round }
        lost: { scale: papr }
      """
    try written(text) { file in
      var settings = try Settings(file: file, scale: "larger")
      var inner = try settings.section("y", about: "")
      let found: [Int] = [
        try settings[required: "steps", about: ""], try settings[required: "x", about: ""],
        try inner[required: "z", about: ""], try inner[required: "w", about: ""],
      ]
      #expect(found == [9, 1, 2, 1])
      try settings.finish()
    }
    #expect(
      try refusal(text, scale: "round") == "t.yaml:7:19: scale 'round' builds on itself by way of round, about.")
    #expect(try refusal(text, scale: "lost").hasPrefix("t.yaml:8:18: there is no setting 'papr' in 'scales'"))
  }

  @Test("a scale may bring seeds, variants and claims of its own, or none")
  func sweeps() throws {
    let text = """
      seeds: [1, 2]
      sweep: { grid: { a: [1, 2] } }
      expect: ["psnr: a=1 > a=2"]
      scales:
        smoke: { seeds: [7], sweep: { grid: { a: [3] } }, expect: [] }
        single: { seeds: , sweep: }
      """
    try written(text) { file in
      let smoke = try Sweep(file: file, scale: "smoke"), whole = try Sweep(file: file)
      #expect(smoke.variants.map(\.name) == ["a=3"] && smoke.expectations.isEmpty)
      #expect(whole.variants.count == 4 && whole.expectations.count == 1)
      #expect(try Sweep(file: file, scale: "single").variants.map(\.name) == [""])
    }
  }

  @Test("an override reaches through a reference, for the one that refers and no other")
  func overridden() throws {
    var settings = try Settings(
      parsing: "a: ${define.x}\nb: ${define.x}\ndefine: { x: { width: 1, depth: 2 } }", file: "t.yaml",
      overrides: ["a.width=5"])
    var found: [Int] = []
    for key in ["a", "b"] {
      var section = try settings.section(key, about: "")
      found += [try section[required: "width", about: ""], try section[required: "depth", about: ""]]
    }
    #expect(found == [5, 2, 1, 2])
    #expect(throws: SettingsError.self) {
      try Settings(parsing: "a: ${b}\nb: ${a}", file: "t.yaml", overrides: ["a.x=1"])
    }
  }

  @Test("what stands under 'define' is there to be referred to, and may differ from scale to scale")
  func definitions() throws {
    let text = """
      steps: ${define.few}
      define: { few: 4, unused: { anything: [1] } }
      scales: { small: { define: { few: 2 } } }
      """
    let found = [try steps(text), try steps(text, scale: "small")]
    #expect(found == [4, 2])
    #expect(
      try refusal("steps: ${define.fwe}\ndefine: { few: 4 }")
        == "t.yaml:1:8: '${define.fwe}' names nothing in this experiment.")
  }
}
