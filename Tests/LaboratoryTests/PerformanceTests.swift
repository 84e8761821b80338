import Autoregression
import Foundation
import Laboratory
import ProgramSupport
import Testing

@Suite struct CostEstimateTests {
  private func numbers(_ overrides: [String] = []) throws -> [String: Double] {
    var speeds = ProductSpeeds { _, _ in 1e9 }
    let json = CostEstimate(try TinyExperiment.assembly(overrides), &speeds).json.line
    let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any] ?? [:]
    return object.compactMapValues { $0 as? Double }
  }

  @Test("parameters add up, and memory is five numbers for each of them")
  func parameters() throws {
    let numbers = try numbers(), model = try TinyExperiment.assembly().model
    let count = model.parameters.reduce(0) { $0 + $1.parameter.value.count }
    #expect(numbers["modelParameters"] == Double(count) && numbers["tokenizerParameters"] == 0)
    let parts = ["backboneParameters", "lossParameters", "conditionerParameters"].compactMap { numbers[$0] }
    #expect(parts.reduce(0, +) == Double(count))
    #expect(numbers["memoryBytes"] == Double(20 * count) && numbers["checkpointBytes"] == Double(16 * count))
  }

  @Test("work grows with steps and batch, and time is work over speed")
  func work() throws {
    let usual = try numbers(), longer = try numbers(["training.steps=8"]), larger = try numbers(["training.batch=8"])
    let (step, total) = (try #require(usual["flopStep"]), try #require(usual["flop"]))
    #expect(total == 4 * step && longer["flop"] == 2 * total && larger["flopStep"] == 2 * step)
    #expect(usual["flopPerSecond"] == 1e9 && usual["seconds"] == total / 1e9)
  }

  @Test("the text has a line for each quantity, even where it takes longer than any integer of seconds")
  func text() throws {
    var speeds = ProductSpeeds { _, _ in 1e-30 }
    let text = CostEstimate(try TinyExperiment.assembly(), &speeds).text
    #expect(text.contains("images                  ") && text.contains("16x16, 4 classes"))
    #expect(text.contains("turns of a generation") && text.hasSuffix("?"))
  }

  @Test("each size of products is measured once")
  func speeds() throws {
    var measured = 0
    var speeds = ProductSpeeds { _, _ in
      measured += 1
      return 1e9
    }
    for _ in 0..<3 { _ = CostEstimate(try TinyExperiment.assembly(), &speeds) }
    #expect(measured == 1)
    _ = CostEstimate(try TinyExperiment.assembly(["backbone.width=32"]), &speeds)
    #expect(measured == 2)
  }
}

@Suite struct BenchTests {
  private func bench(_ measure: String, _ overrides: [String] = []) throws -> Bench {
    let scratch = Scratch()
    try scratch.write(
      TinyExperiment.text(results: scratch.path, "bench: { measures: \(measure), batch: 4 }"), "case.yaml")
    return try Bench("\(scratch.path)/case.yaml", overrides: overrides)
  }

  @Test("a case of training is timed, and its loss must fall")
  func training() throws {
    let bench = try bench("training", ["training.learning-rate=0.003"])
    #expect(bench.name == "case" && bench.batch == 4)
    for _ in 0..<8 { #expect(try bench.repetition() > 0) }
    try bench.check()
  }

  @Test("a case of sampling gives the same latents at every repetition")
  func sampling() throws {
    let bench = try bench("sampling")
    for _ in 0..<2 { #expect(try bench.repetition() > 0) }
    try bench.check()
  }

  @Test("a tokenizer without parameters cannot be timed")
  func untrained() throws {
    let bench = try bench("tokenizer")
    #expect(message { _ = try bench.repetition() } == "case: this tokenizer is not trained.")
  }

  @Test("results are an object on one line, with medians and six significant digits")
  func result() throws {
    let result = BenchResult(
      name: "a \"b\"", times: [0.5, 0.25, 0.3333333], items: 8, operations: 1_000_000, peak: 8e6)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(result.line.utf8)) as? [String: Any])
    #expect(object["name"] as? String == "a \"b\"" && object["median_s"] as? Double == 0.333333)
    #expect(object["min_s"] as? Double == 0.25 && object["items_per_s"] as? Double == 24)
    #expect(object["fraction_of_peak"] as? Double == 0.5 && object["reps"] as? Int == 3)
    #expect((object["times"] as? [Double])?.count == 3)
    let none = BenchResult(name: "a", times: [1, 2], items: 3, operations: 10, peak: 0)
    #expect(none.line.contains("\"fraction_of_peak\": null") && none.line.contains("\"median_s\": 1.5"))
    #expect(none.text.hasPrefix("a                   ") && none.text.contains("images/s"))
  }
}

@Suite struct ConfigurationTests {
  @Test("a validation without data says tokens and classes; with data also images and stages")
  func report() throws {
    let assembly = try TinyExperiment.assembly(results: Scratch().path)
    #expect(try ValidationReport(assembly, opening: false).text == "sound (4x4 tokens of 48 channels, 4 classes)")
    let opened = try ValidationReport(assembly, opening: true)
    #expect(opened.text.contains("\n  data set: 16 images to train on, 16 held out\n  model: to be trained ("))
    let object = JSON.object(opened.fields).line
    #expect(object.contains("\"sound\": true") && object.contains("\"state\": \"to be trained\""))
  }

  @Test("a trained stage is reported with its steps")
  func trained() throws {
    let scratch = Scratch(), runs = try TinyExperiment.runs(in: scratch, ["stages=[model]"])
    try TinyExperiment.execute(runs)
    let report = try ValidationReport(try runs.assembly(runs.specs[0]), opening: true)
    #expect(report.text.contains("  model: trained ("))
  }

  @Test("an experiment is the same whatever the order of its keys, and another seed gives other parameters")
  func seeds() throws {
    func first(_ overrides: [String]) throws -> [Float] {
      try TinyExperiment.assembly(overrides).model.backbone.parameters[0].parameter.value.scalars
    }
    #expect(try first([]) == first(["training.steps=9"]))
    #expect(try first([]) != first(["seed=4"]))
    // Components have streams of their own.
    #expect(try first([]) == first(["loss={use: l2}"]))
  }

  @Test(
    "what does not fit is refused where it stands",
    arguments: [
      ("stages=[]", "'stages' names nothing to make; name some of tokenizer, latents, model, samples, evaluation."),
      ("training.stpes=3", "there is no setting 'stpes' in 'training'"),
      ("training.batch=0", "'batch' must be from 1 to 65536, not 0."),
      ("logging=everything", "'logging' must be one of none, tensorboard"),
      ("loss={use: cross-entropy}", "needs a tokenizer with a vocabulary"),
      ("direction.reveal=confident", "the direction reveals tokens by confidence, which this loss does not give"),
    ])
  func refused(_ override: String, _ sentence: String) {
    let error = message { _ = try TinyExperiment.assembly([override]) }
    #expect(error?.contains(sentence) == true, "\(error ?? "no error")")
  }

  @Test("the settings in effect read back as the same experiment")
  func resolved() throws {
    let assembly = try TinyExperiment.assembly(["training.flip=true"])
    let runs = try TinyExperiment.runs(in: Scratch(), ["training.flip=true"])
    let again = try runs.assembly(runs.specs[0])
    #expect(assembly.settings.values["training.flip"] == "true")
    #expect(
      again.settings.values.filter { $0.key != "results" } == assembly.settings.values.filter { $0.key != "results" })
  }
}
