import Settings
import Testing

@Suite struct GenerationOnlyTests {
  private func affecting(_ settings: Settings) -> [String] {
    settings.reads.filter(\.reading.affectsTraining).map { "\($0.section).\($0.reading.key)" }
  }

  @Test("a setting read for generation only does not affect training, nor does anything inside it")
  func marks() throws {
    var settings = try Settings(parsing: "width: 3\nsteps: { from: 1, to: 9 }\n", file: "x.yaml")
    var sampled = settings.generationOnly
    var schedule = try sampled.section("steps", about: "")
    #expect(try schedule["from", default: 0, about: ""] == 1 && schedule["to", default: 0, about: ""] == 9)
    #expect(try settings["width", default: 0, about: ""] == 3 && sampled["sampler", default: "a", about: ""] == "a")
    try settings.finish()
    #expect(affecting(settings) == [".width"])
  }

  @Test("a setting that is read both ways affects training, whichever came first")
  func both() throws {
    var settings = try Settings(parsing: "levels: [1]\norder: 2\n", file: "x.yaml")
    var sampled = settings.generationOnly
    #expect(try sampled["levels", default: [0], about: ""] == [1] && settings["levels", default: [0], about: ""] == [1])
    #expect(try settings["order", default: 0, about: ""] == 2 && sampled["order", default: 0, about: ""] == 2)
    #expect(affecting(settings) == [".levels", ".order"])
  }

  @Test("a setting read for generation only affects training once it is marked to")
  func marked() throws {
    var settings = try Settings(parsing: "inner: { schedule: log }\n", file: "x.yaml")
    let inner = try settings.section("inner", about: "")
    var sampled = inner.generationOnly
    #expect(
      try sampled["schedule", default: "cosine", about: ""] == "log" && sampled["steps", default: 8, about: ""] == 8)
    inner.markAffectsTraining("schedule")
    #expect(affecting(settings) == [".inner", "inner.schedule"])
  }
}
