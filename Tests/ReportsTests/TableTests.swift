import Foundation
import Laboratory
import ProgramSupport
import Reports
import Settings
import Testing

/// A run that measured one number, or two.
private func run(_ variant: String, seed: Int, filter: String = "dct", _ psnr: Double, fd: Double? = nil) -> RunResult {
  RunResult(
    experiment: "e", variant: variant, seed: seed, configuration: "", settings: ["direction.filter": filter],
    measurements: [.init(name: "psnr", value: psnr, lowerIsBetter: false, count: 8)]
      + (fd.map { [.init(name: "FD[x]", value: $0, lowerIsBetter: true, count: 8)] } ?? []))
}

@Suite struct TableTests {
  private let runs = [
    run("full", seed: 1, 20.5, fd: 3), run("full", seed: 2, 21.75, fd: 3.5), run("full", seed: 3, 19.25, fd: 4),
    run("band", seed: 1, filter: "ideal", 18), run("band", seed: 2, filter: "ideal", 18.5),
  ]

  @Test("mean and standard deviation are numpy's (ddof=1), and n counts seeds")
  func statistics() throws {
    let table = try ResultTable(runs)
    let cell = try #require(table.cells[0][0])
    // numpy.mean([20.5, 21.75, 19.25]), numpy.std(..., ddof=1); numpy.std([18, 18.5], ddof=1)
    #expect(cell.mean == 20.5 && abs((cell.deviation ?? 0) - 1.25) < 1e-12 && cell.count == 3)
    #expect(abs((table.cells[1][0]?.deviation ?? 0) - 0.353_553_390_593_273_8) < 1e-12)
    #expect(try ResultTable([runs[0]]).cells[0][0]?.deviation == nil)
  }

  @Test("numbers of every size have numpy's mean and deviation: small, large with a small deviation, of both signs")
  func sizes() throws {
    // python3 -c "import numpy as n
    // for v in [.1, .7, 1e-3, 12.5, 3.25], [1e8 + .1, 1e8 + .2, 1e8 + .4], [-2.5, 2.5]:
    //   print(repr(float(n.mean(v))), repr(float(n.std(v, ddof=1))))"  (numpy 2.4.6)
    let cases: [(values: [Double], mean: Double, deviation: Double)] = [
      ([0.1, 0.7, 1e-3, 12.5, 3.25], 3.310_200_000_000_000_5, 5.303_899_056_354_674),
      ([1e8 + 0.1, 1e8 + 0.2, 1e8 + 0.4], 100_000_000.233_333_35, 0.152_752_528_693_085_7),
      ([-2.5, 2.5], 0, 3.535_533_905_932_737_8),
    ]
    for (values, mean, deviation) in cases {
      let cell = try #require(try ResultTable(values.enumerated().map { run("a", seed: $0, $1) }).cells[0][0])
      // A few units of the last digit: sums are in another order.
      #expect(abs(cell.mean - mean) <= 4 * mean.ulp && cell.count == values.count)
      #expect(abs((cell.deviation ?? 0) - deviation) <= 1e-9 * deviation)
    }
  }

  @Test("statistics agree with numpy on many numbers, where numpy is there")
  func numpy() throws {
    let values = (0..<57).map { 1e3 + sin(Double($0) * 12.9898) * 43.7 }
    let script =
      "import numpy as n; v = n.array([\(values.map { "\($0)" }.joined(separator: ","))]); "
      + "print(repr(float(v.mean())), repr(float(v.std(ddof=1))))"
    guard let output = systemOutput(["python3", "-c", script]) else {
      print("numpy is not there: statistics were not compared with it")
      return
    }
    let theirs = output.split(separator: " ").compactMap { Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    let cell = try #require(try ResultTable(values.enumerated().map { run("a", seed: $0, $1) }).cells[0][0])
    #expect(theirs.count == 2 && abs(cell.mean - theirs[0]) < 1e-9 && abs((cell.deviation ?? 0) - theirs[1]) < 1e-9)
  }

  @Test("the best of a column is marked by whether less is better, and what is missing is a dash")
  func best() throws {
    #expect(
      try ResultTable(runs).text(as: .md) == """
        |  | psnr ↑ | FD[x] ↓ |
        | --- | ---: | ---: |
        | full | **20.5 ± 1.25 (3)** | 3.5 ± 0.5 (3) |
        | band | 18.3 ± 0.3536 (2) | - |

        """)
    #expect(
      try ResultTable(runs).text(as: .text) == """
              psnr ↑             FD[x] ↓
        full  20.5 ± 1.25 (3) *  3.5 ± 0.5 (3)
        band  18.3 ± 0.3536 (2)  -
        mean ± standard deviation (n runs); * best

        """)
  }

  @Test("CSV keeps full precision, LaTeX escapes, JSON is JSON")
  func formats() throws {
    let table = try ResultTable(runs)
    #expect(
      table.text(as: .csv).split(separator: "\n")[0] == "group,psnr mean,psnr std,psnr n,FD[x] mean,FD[x] std,FD[x] n")
    #expect(table.text(as: .csv).split(separator: "\n")[2].hasPrefix("band,18.25,0.3535533905932738,2,,,0"))
    #expect(table.text(as: .tex).contains("\\textbf{20.5 $\\pm$ 1.25 (3)}"))
    let parsed = try JSONSerialization.jsonObject(with: Data(table.text(as: .json).utf8)) as? [[String: Any]]
    #expect(parsed?.count == 4 && parsed?[0]["n"] as? Int == 3)
  }

  @Test("rows group by any setting and columns by another; a setting that no run has is refused with the nearest")
  func grouping() throws {
    let table = try ResultTable(runs, group: ["direction.filter"])
    #expect(table.rowTitles == ["direction.filter=dct", "direction.filter=ideal"])
    #expect(
      try ResultTable(runs, pivot: "direction.filter", metrics: ["psnr"]).columns.map(\.title) == [
        "psnr, filter=dct", "psnr, filter=ideal",
      ])
    do {
      _ = try ResultTable(runs, group: ["direction.filtre"])
      Issue.record("no refusal")
    } catch {
      #expect("\(error)" == "no run has the setting 'direction.filtre'. Did you mean 'direction.filter'?")
    }
  }

  @Test("expectations hold, do not hold, or lie within the deviation over seeds")
  func expectations() throws {
    let table = try ResultTable(runs), location = FileLocation(file: "t.yaml", line: 1, column: 1)
    func outcome(_ text: String) throws -> String {
      try Expectation(text, at: location).evaluated(on: table).outcome.rawValue
    }
    #expect(try outcome("psnr: full > band") == "holds")
    #expect(try outcome("psnr: full < band") == "does not hold")
    #expect(try outcome("psnr: full in [20, 21]") == "holds")
    #expect(try outcome("psnr: full in [1, 2]") == "does not hold")
    #expect(try outcome("FD[x]: full < band") == "not measured")
    let close = try ResultTable(runs + [run("c", seed: 1, 20.4), run("c", seed: 2, 20.8)])
    #expect(try Expectation("psnr: full < c", at: location).evaluated(on: close).outcome == .withinNoise)
    do {
      _ = try Expectation("psnr full > band", at: location)
      Issue.record("no refusal")
    } catch {
      #expect(
        "\(error)"
          == "t.yaml:1:1: 'psnr full > band' is no expectation; write it as \"psnr: full > band\" "
          + "or \"psnr: full in [20, 25]\"."
      )
    }
  }
}
