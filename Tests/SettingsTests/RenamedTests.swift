import Settings
import Testing

private enum Use: String, Setting, CaseIterable {
  case factor, probability
  static let renamedChoices = ["chance": "probability"]
}

/// The first line of the error that reading `dataset` ends with.
private func refusal(_ settings: Settings) -> String {
  do {
    var settings = settings
    var dataset = try settings.section("dataset", about: "")
    try dataset.renamed("grounds", to: "backgrounds")
    _ = try dataset["backgrounds", default: "both", about: ""]
    _ = try dataset["weight-as", default: Use.factor, about: ""]
    _ = try dataset["uses", default: [Use.factor], about: ""]
    try settings.finish()
  } catch { return String("\(error)".split(separator: "\n").first ?? "") }
  return "no error"
}

private func refusal(_ text: String, _ overrides: [String] = []) throws -> String {
  refusal(try Settings(parsing: text, file: "t.yaml", overrides: overrides))
}

@Suite struct RenamedTests {
  @Test("the former name of a key is refused with the present one, and the line it stands in")
  func keys() throws {
    #expect(try refusal("dataset: { backgrounds: dark }") == "no error")
    #expect(try refusal("dataset: { size: 3, grounds: dark }") == "t.yaml:1:21: 'grounds' is called 'backgrounds' now.")
    let settings = try Settings(parsing: "grounds: dark", file: "t.yaml")
    do { try settings.renamed("grounds", to: "backgrounds") } catch {
      #expect("\(error)" == "t.yaml:1:1: 'grounds' is called 'backgrounds' now.\n  1 | grounds: dark\n    | ^")
    }
  }

  @Test("the former name of a choice is refused with the present one, in lists as well")
  func choices() throws {
    #expect(
      try refusal("dataset:\n  weight-as: chance")
        == "t.yaml:2:14: 'chance' of 'weight-as' is called 'probability' now."
    )
    #expect(
      try refusal("dataset:\n  uses: [factor, chance]")
        == "t.yaml:2:18: 'chance' of 'uses' is called 'probability' now.")
  }

  @Test("overrides, variants and grids are refused alike")
  func elsewhere() throws {
    #expect(try refusal("seed: 1", ["dataset.grounds=dark"]) == "override: 'grounds' is called 'backgrounds' now.")
    #expect(
      try refusal("seed: 1", ["dataset.weight-as=chance"])
        == "override: 'chance' of 'weight-as' is called 'probability' now.")
    func variants(_ text: String) throws -> [String] {
      try Sweep(parsing: text, file: "t.yaml").variants.map { refusal($0.settings) }
    }
    #expect(
      try variants("sweep: { variants: { plain: , old: { dataset.grounds: dark } } }") == [
        "no error", "t.yaml:1:55: 'grounds' is called 'backgrounds' now.",
      ])
    #expect(
      try variants("sweep:\n  grid: { dataset.weight-as: [factor, chance] }") == [
        "no error", "t.yaml:2:39: 'chance' of 'weight-as' is called 'probability' now.",
      ])
  }

  @Test("former names are no settings: neither reads nor choices list them")
  func unlisted() throws {
    var settings = try Settings(parsing: "{}", file: "t.yaml")
    try settings.renamed("grounds", to: "backgrounds")
    _ = try settings["weight-as", default: Use.factor, about: ""]
    #expect(settings.reads.map(\.reading.key) == ["weight-as"])
    #expect(settings.reads[0].reading.choices == ["factor", "probability"])
  }
}
