import Foundation
import Laboratory
import ProgramSupport
import Settings
import Testing

/// A result of a variant with one measurement.
private func result(_ variant: String, seed: Int = 1, psnr: Double, settings: [String: String] = [:]) -> RunResult {
  RunResult(
    experiment: "e", variant: variant, seed: seed, configuration: "c",
    settings: settings.merging(["seed": "\(seed)"]) { a, _ in a },
    measurements: [.init(name: "psnr", value: psnr, lowerIsBetter: false, count: 8)])
}

@Suite struct ResultTests {
  @Test("a result reads back as it was written, values that are not finite included")
  func roundTrip() throws {
    let scratch = Scratch()
    var original = result("a", psnr: 20.25, settings: ["training.steps": "4"])
    try original.write(to: scratch.path)
    #expect(try RunResult(in: scratch.path) == original)
    original.measurements[0].value = .infinity
    try original.write(to: scratch.path)
    #expect(try RunResult(in: scratch.path) == original)
    original.measurements[0].value = .nan
    try original.write(to: scratch.path)
    #expect(try RunResult(in: scratch.path).measurements[0].value.isNaN)
  }

  @Test("a value that is not finite is null with a note, and texts of former versions are read")
  func notFinite() throws {
    let scratch = Scratch()
    for (value, word) in [(Double.nan, "nan"), (.infinity, "inf"), (-.infinity, "-inf")] {
      try result("a", psnr: value).write(to: scratch.path)
      let text = try String(contentsOfFile: "\(scratch.path)/results.json", encoding: .utf8)
      let fields = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
      let number = (fields?["measurements"] as? [[String: Any]])?.first
      #expect(number?["value"] is NSNull && number?["note"] as? String == "not finite (\(word))")
      let former = text.replacingOccurrences(of: "null", with: "\"\(word)\"")
      for version in [text, former] {
        try scratch.write(version, "results.json")
        let read = try RunResult(in: scratch.path).measurements[0].value
        #expect(read == value || read.isNaN && value.isNaN)
      }
    }
  }

  @Test("a mean over seeds with a value that is not finite says so, and is neither best nor judged")
  func meanNotFinite() throws {
    let table = try ResultTable([
      result("a", psnr: 1), result("a", seed: 2, psnr: .nan), result("b", psnr: 5), result("c", psnr: 4),
    ])
    #expect(table.cells[0][0]?.note == "not finite (1 of 2)" && table.cells[1][0]?.note == nil)
    #expect(!table.isBest(0, 0) && table.isBest(1, 0))
    let location = FileLocation(file: "e.yaml", line: 1, column: 1)
    let outcome = try Expectation("psnr: b > a", at: location).evaluated(on: table)
    #expect(outcome.outcome == .unknown && outcome.numbers == "b 5.0 (n=1), a not finite (1 of 2)")
  }

  @Test("a missing result, another file and a missing folder are refused in a sentence")
  func refused() throws {
    let scratch = Scratch(), path = "\(scratch.path)/results.json"
    #expect(
      message { _ = try RunResult(in: scratch.path) } == "\(path): there is no result yet; run the experiment first.")
    try scratch.write("{\"measurements\": 3}", "results.json")
    #expect(
      message { _ = try RunResult(in: scratch.path) }
        == "\(path): this is not what 'overtone run' writes; run the experiment again.")
    #expect(
      message { _ = try RunResult.all(below: "\(scratch.path)/none") }
        == "\(scratch.path)/none: there is no such folder; name a run, a folder of runs, or an experiment file.")
  }

  @Test("results below a folder come in the numeric order of their paths")
  func order() throws {
    let scratch = Scratch()
    for seed in [10, 2, 1] {
      try FileManager.default.createDirectory(atPath: "\(scratch.path)/e/\(seed)", withIntermediateDirectories: true)
      try result("", seed: seed, psnr: Double(seed)).write(to: "\(scratch.path)/e/\(seed)")
    }
    #expect(try RunResult.all(below: scratch.path).map { $0.measurements[0].value } == [1, 2, 10])
    #expect(try RunResult.all(below: "\(scratch.path)/e/2").map { $0.measurements[0].value } == [2])
  }

  @Test("runs that differ in their seed only share a cell: mean, sample standard deviation, count")
  func cells() throws {
    let table = try ResultTable([result("a", psnr: 1), result("a", seed: 2, psnr: 3), result("b", psnr: 5)])
    #expect(table.rowTitles == ["a", "b"] && table.columns.map(\.title) == ["psnr"])
    let (a, b) = (try #require(table.cells[0][0]), try #require(table.cells[1][0]))
    #expect(a.count == 2 && a.mean == 2 && a.deviation == 2.0.squareRoot())
    #expect(b.count == 1 && b.mean == 5 && b.deviation == nil)
    #expect(table.isBest(1, 0) && !table.isBest(0, 0))
  }

  /// Results of one variant whose settings differ in `path`.
  private func unlike(_ path: String, _ values: [String]) -> [RunResult] {
    values.enumerated().map { result("", seed: $0, psnr: Double($0), settings: ["training.batch": "4", path: $1]) }
  }

  @Test("runs that differ in a setting that affects results are rows of their own, titled by that setting")
  func unlikeRuns() throws {
    for path in ["training.steps", "sampling.guidance", "dataset.path", "direction.use", "metrics[0].count"] {
      let table = try ResultTable(unlike(path, ["1", "2", "1"]))
      #expect(table.rowTitles == ["e, \(path)=1", "e, \(path)=2"])
      #expect(table.cells.map { $0[0]?.values } == [[0, 2], [1]])
    }
    for path in [
      "seed", "name", "results", "logging", "stages", "training.save-every", "tokenizer.training.save-every",
    ] {
      #expect(try ResultTable(unlike(path, ["1", "2", "1"])).rowTitles == ["e"], "\(path)")
    }
    // A setting that only some runs have, as after a change of the program.
    let partly = [result("", seed: 1, psnr: 1), result("", seed: 2, psnr: 2, settings: ["training.ema": "0.9"])]
    #expect(try ResultTable(partly).rowTitles == ["e, training.ema=-", "e, training.ema=0.9"])
  }

  @Test("titles name few settings: those that suffice first, and the component in place of its settings")
  func titles() throws {
    let components = [
      result("", psnr: 1, settings: ["loss.use": "l2", "loss.width": "8"]),
      result("", psnr: 2, settings: ["loss.use": "diffusion", "loss.steps": "25", "loss.width": "16"]),
    ]
    #expect(try ResultTable(components).rowTitles == ["e, loss.use=l2", "e, loss.use=diffusion"])
    let inner = components + [result("", psnr: 3, settings: ["loss.use": "l2", "loss.width": "9"])]
    #expect(
      try ResultTable(inner).rowTitles == [
        "e, loss.width=8, loss.steps=-, loss.use=l2", "e, loss.width=16, loss.steps=25, loss.use=diffusion",
        "e, loss.width=9, loss.steps=-, loss.use=l2",
      ])
    let many = (0..<2).map { number in
      result(
        "v", psnr: 1, settings: Dictionary(uniqueKeysWithValues: (0..<9).map { ("a.s\($0)", "\(number)") }))
    }
    #expect(try ResultTable(many).rowTitles[1] == "v, a.s0=1, a.s1=1, a.s2=1, a.s3=1, +5 more")
  }

  @Test("a seed counts once: the same result twice is one, and other runs of the seed are other rows")
  func repeated() throws {
    let one = result("a", psnr: 1), two = result("a", seed: 2, psnr: 3)
    #expect(try ResultTable([one, two, one]).cells[0][0]?.values == [1, 3])
    #expect(try ResultTable([one, two, result("a", psnr: 2)]).rowTitles == ["a", "a, repetition 2"])
    let copies = ["x", "y"].map { result("a", psnr: 1, settings: ["results": $0]) }
    #expect(try ResultTable(copies).rowTitles == ["a", "a, results=y"])
  }

  @Test("variants of one name in two experiments are rows of their own")
  func experiments() throws {
    var other = result("a", seed: 2, psnr: 2)
    other.experiment = "f"
    #expect(try ResultTable([result("a", psnr: 1), other]).rowTitles == ["e: a", "f: a"])
  }

  @Test("a grouped table and one with a pivot average only what is equal but for the seed")
  func groupedUnlike() throws {
    func run(_ filter: String, _ steps: String, _ seed: Int, _ psnr: Double) -> RunResult {
      result("\(filter)\(steps)", seed: seed, psnr: psnr, settings: ["direction.filter": filter, "loss.steps": steps])
    }
    let runs = [run("dct", "1", 1, 1), run("dct", "1", 2, 2), run("dct", "2", 1, 3), run("box", "1", 1, 4)]
    let grouped = try ResultTable(runs, group: ["direction.filter"])
    #expect(
      grouped.rowTitles == [
        "direction.filter=dct, loss.steps=1", "direction.filter=dct, loss.steps=2", "direction.filter=box",
      ])
    let pivoted = try ResultTable(runs, group: ["direction.filter"], pivot: "loss.steps")
    #expect(pivoted.rowTitles == ["direction.filter=dct", "direction.filter=box"])
    #expect(pivoted.cells.map { $0.map { $0?.values } } == [[[1, 2], [3]], [[4], nil]])
    let components = [("l2", "8"), ("diffusion", "16")].map { use, width in
      result("", psnr: 1, settings: ["loss.use": use, "loss.width": width])
    }
    #expect(try ResultTable(components, pivot: "loss.use").rowTitles == ["e"])
  }

  @Test("a single row has no best cell, nor has a metric without a better direction")
  func best() throws {
    #expect(try !ResultTable([result("a", psnr: 1)]).isBest(0, 0))
    var (a, b) = (result("a", psnr: 1), result("b", psnr: 2))
    for direction in [nil, true] {
      a.measurements[0].lowerIsBetter = direction
      b.measurements[0].lowerIsBetter = direction
      let table = try ResultTable([a, b])
      #expect(table.isBest(0, 0) == (direction == true) && !table.isBest(1, 0))
    }
  }

  @Test("settings make rows, and a pivot makes columns with empty cells where no run is")
  func grouped() throws {
    let runs = [
      result("", psnr: 1, settings: ["loss.steps": "5", "direction.filter": "dct"]),
      result("", psnr: 2, settings: ["loss.steps": "9", "direction.filter": "dct"]),
      result("", psnr: 3, settings: ["loss.steps": "9", "direction.filter": "ideal"]),
    ]
    let table = try ResultTable(runs, group: ["direction.filter"], pivot: "loss.steps")
    #expect(table.rowTitles == ["direction.filter=dct", "direction.filter=ideal"])
    #expect(table.columns.map(\.title) == ["psnr, steps=5", "psnr, steps=9"])
    #expect(table.cells.map { $0.map { $0?.mean } } == [[1, 2], [nil, 3]])
  }

  @Test("a setting or a metric that no run has is refused with what there is")
  func unknown() {
    let runs = [result("a", psnr: 1, settings: ["loss.steps": "5"])]
    #expect(
      message { _ = try ResultTable(runs, group: ["loss.step"]) }
        == "no run has the setting 'loss.step'. Did you mean 'loss.steps'?")
    #expect(
      message { _ = try ResultTable(runs, metrics: ["ssim"]) } == "no run measured 'ssim'; there are psnr.")
  }
}

@Suite struct ExpectationTests {
  private let location = FileLocation(file: "e.yaml", line: 1, column: 1)
  private let table = try? ResultTable([
    result("a", psnr: 20), result("a", seed: 2, psnr: 22), result("b", psnr: 10), result("b", seed: 2, psnr: 10.5),
    result("c", psnr: 21.5), result("c", seed: 2, psnr: 20.5), result("d", psnr: 5),
  ])

  @Test(
    "an order of variants holds, does not hold, or is within the deviation over seeds",
    arguments: [
      ("psnr: a > b", "holds"), ("psnr: b < a", "holds"), ("psnr: a < b", "does not hold"),
      ("psnr: a > c", "within noise"), ("psnr: a > b > d", "holds"), ("psnr: a > d > b", "does not hold"),
      ("psnr: a in [20, 22]", "holds"), ("psnr: a in [0, 1]", "does not hold"), ("ssim: a > b", "not measured"),
      ("psnr: a > none", "not measured"),
    ])
  func outcomes(_ text: String, _ outcome: String) throws {
    let expectation = try Expectation(text, at: location)
    #expect(expectation.evaluated(on: try #require(table)).outcome.rawValue == outcome)
  }

  @Test("an outcome comes with the numbers behind it")
  func numbers() throws {
    func numbers(_ text: String) throws -> String {
      try Expectation(text, at: location).evaluated(on: try #require(table)).numbers
    }
    #expect(try numbers("psnr: a > b") == "a 21.0 ± 1.41 (n=2), b 10.3 ± 0.3536 (n=2)")
    #expect(try numbers("psnr: d < a") == "d 5.0 (n=1), a 21.0 ± 1.41 (n=2); one seed, deviation unknown")
    #expect(try numbers("psnr: a > none") == "a 21.0 ± 1.41 (n=2), none -")
    #expect(try numbers("ssim: a > b") == "no run measured ssim")
  }

  @Test("a metric's name may hold brackets, and names are trimmed")
  func parsed() throws {
    let expectation = try Expectation("FD[randconv64-v1]:  full,filter=dct < band ", at: location)
    #expect(expectation.metric == "FD[randconv64-v1]" && expectation.names == ["full,filter=dct", "band"])
    #expect(try Expectation("psnr: a in [1, 2]", at: location).names == ["a"])
  }

  @Test(
    "what is of neither form is refused with both",
    arguments: [
      "psnr", "psnr: a", "psnr a > b", "psnr: a in [1, 2", "psnr: a in [2, 1]", "psnr: a in [x, 2]", "psnr: a in [1]",
    ])
  func refused(_ text: String) {
    #expect(
      message { _ = try Expectation(text, at: location) }
        == "e.yaml:1:1: '\(text)' is no expectation; write it as \"psnr: full > band\" or \"psnr: full in [20, 25]\".")
  }
}
