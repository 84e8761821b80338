import Foundation
import Laboratory
import ProgramSupport
import Storage
import Testing

@Suite struct ValidationTests {
  /// Codes of a multi-scale tokenizer, all scales in one training turn.
  private static let codes = [
    "tokenizer={use: multi-scale-vq, stride: 4, width: 8, norm-groups: 2, blocks: 0, codes: 16, code-width: 4, "
      + "training: {steps: 3, batch: 4}}",
    "loss={use: cross-entropy, label-smoothing: 0.1}", "direction={use: multi-scale, scales: [1, 2, 4]}",
    "backbone={use: decoder, width: 16, depth: 1, heads: 2}",
  ]

  /// The folder of a stage of the tiny experiment, executed with overrides.
  private func trained(_ overrides: [String], stage: String = "model", in scratch: Scratch) throws -> String {
    try TinyExperiment.execute(try TinyExperiment.runs(in: scratch, ["stages=[model]"] + overrides))
    let names = try FileManager.default.contentsOfDirectory(atPath: "\(scratch.path)/results/artefacts")
    return "\(scratch.path)/results/artefacts/\(try #require(names.first { $0.hasPrefix("\(stage)-") }))"
  }

  private func log(_ folder: String) -> MetricsLog { MetricsLog("\(folder)/metrics.h5") }

  @Test("the training is the same to the byte, whatever is validated and how often", arguments: [[], codes])
  func sameBytes(_ overrides: [String]) throws {
    var models: [Data] = [], tokenizers: [Data] = []
    for more in [["training.validate-every=0"], ["training.validate-every=1", "training.validation-count=3"]] {
      let scratch = Scratch(), all = overrides + ["dataset.count=64", "training.steps=12"] + more
      let folder = try trained(all, in: scratch)
      #expect(try log(folder).names(in: "validation").isEmpty == more[0].hasSuffix("=0"))
      models.append(try Data(contentsOf: URL(fileURLWithPath: "\(folder)/checkpoint.h5")))
      if !overrides.isEmpty {
        let stage = try trained(all, stage: "tokenizer", in: scratch)
        #expect(try log(stage).series("validation", "reconstruction").map(\.step) == [3])
        tokenizers.append(try Data(contentsOf: URL(fileURLWithPath: "\(stage)/checkpoint.h5")))
      }
    }
    #expect(models[0] == models[1] && (tokenizers.isEmpty || tokenizers[0] == tokenizers[1]))
  }

  @Test("parameters that do not change have the same numbers at every step")
  func fixedNumbers() throws {
    for overrides in [[], Self.codes] {
      let scratch = Scratch()
      defer { withExtendedLifetime(scratch) {} }
      let log = log(
        try trained(
          overrides + [
            "dataset.count=64", "training.steps=6", "training.learning-rate=0", "training.ema=0",
            "training.validate-every=2",
          ], in: scratch))
      #expect(try log.names(in: "validation").count > 3)
      for name in try log.names(in: "validation") {
        let series = try log.series("validation", name)
        #expect(series.map(\.step) == [2, 4, 6] && Set(series.map(\.value)).count == 1, "\(name): \(series)")
      }
    }
  }

  @Test("a diffusion loss is measured by mask ratio and timestep, codes by level and with their errors")
  func names() throws {
    let scratches = [Scratch(), Scratch()]
    defer { withExtendedLifetime(scratches) {} }
    let masked = try log(trained(["dataset.count=640", "training.validation-count=64"], in: scratches[0]))
    let all = try Set(masked.names(in: "validation")), masks = all.filter { $0.hasPrefix("loss mask ") }
    #expect(masks.count > 1 && masks.isSubset(of: ["loss mask 0.7", "loss mask 0.8", "loss mask 0.9"]))
    #expect(all == masks.union(["loss"] + [1, 3, 5, 7, 9].map { "loss t 0.\($0)" }))
    let codes = try log(trained(Self.codes + ["dataset.count=64"], in: scratches[1]))
    let levels = (0..<3).map { "level \($0)" } + ["last level"]
    #expect(
      try Set(codes.names(in: "validation"))
        == Set(["loss", "token-error"] + levels.flatMap { ["loss \($0)", "token-error \($0)"] }))
    func last(_ name: String) throws -> Double { try #require(try codes.series("validation", name).last).value }
    // 1, 4 and 16 tokens.
    for name in ["loss", "token-error"] {
      let mean = try (last("\(name) level 0") + 4 * last("\(name) level 1") + 16 * last("\(name) level 2")) / 21
      let (whole, end) = try (last(name), last("\(name) last level"))
      #expect(try abs(whole - mean) < 1e-5 && end == last("\(name) level 2"))
    }
  }

  @Test("by default a validation follows every twentieth of the steps, or fewer where it would cost over 2 %")
  func defaults() throws {
    func defaults(_ steps: Int, _ batch: Int, _ more: [String] = []) throws -> [String?] {
      let values = try TinyExperiment.assembly(["training.steps=\(steps)", "training.batch=\(batch)"] + more).settings
        .values
      return [values["training.validate-every"], values["training.validation-count"]]
    }
    #expect(try defaults(100_000, 256) == ["5000", "256"])
    #expect(try defaults(1100, 64) == ["130", "256"])
    #expect(try defaults(1100, 64, ["training.validation-count=1000"]) == ["500", "1000"])
    #expect(try defaults(4, 4) == ["70", "8"])
    #expect(try defaults(0, 64) == ["0", "8"])
  }

  @Test("a training that is stopped and goes on has the validations of one that is not")
  func resumed() throws {
    let words =
      ["run", "--quiet", quickstart] + tiny + [
        "dataset.count=64", "training.steps=120", "training.save-every=7", "training.validate-every=5",
        "stages=[model]",
      ]
    let scratches = [Scratch(), Scratch()]
    defer { withExtendedLifetime(scratches) {} }
    func model(_ scratch: Scratch) -> String? {
      scratch.content.first { $0.contains("/model-") && $0.hasSuffix("/checkpoint.h5") }
    }
    let stopped = try program(
      words + ["results=\(scratches[0].path)/r"], stop: ([SIGKILL], 0, { model(scratches[0]) != nil }))
    #expect(stopped.status != 0)
    for scratch in scratches { #expect(try program(words + ["results=\(scratch.path)/r"]).status == 0) }
    let logs = try scratches.map { scratch in
      MetricsLog(
        "\(scratch.path)/\(try #require(model(scratch)))".replacingOccurrences(of: "checkpoint", with: "metrics"))
    }
    let names = try logs[0].names(in: "validation")
    #expect(names.contains("loss"), "\(logs[0].path)")
    #expect(try logs[1].names(in: "validation") == names)
    for name in names {
      let series = try logs.map { try $0.series("validation", name).map { [$0.step, $0.value] } }
      #expect(series[0] == series[1] && series[0].count == 24, "\(name)")
    }
  }
}
