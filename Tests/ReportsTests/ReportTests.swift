import Foundation
import Images
import ProgramSupport
import Testing

/// The quickstart, and beside it a sweep of which one variant fails.
private let results: Scratch = {
  let scratch = TrainedRuns.continuous
  try? scratch.write(
    """
    extends: \(projectFolder)/Experiments/smoke/sweep.yaml
    seeds: [1, 2]
    sweep:
      variants:
        good:
        lost: { dataset: { use: hdf5, path: /nowhere.h5, size: 16, classes: 8 } }
    expect: ["FD[randconv64-v1]: good in [0, 1e9]"]
    """, "half.yaml")
  _ = try? program(["run", "-q", "\(scratch.path)/half.yaml", "results=\(scratch.path)"])
  return scratch
}()

@Suite(.serialized) struct ReportTests {
  private let out = Scratch()
  private let run = onlyRun(in: "\(results.path)/quickstart")

  private func page(_ words: [String]) throws -> String {
    let ending = try program(["report", "-q", "--output", "\(out.path)/page.html"] + words)
    #expect(ending.status == 0 && ending.output == "\(out.path)/page.html\n", "\(ending)")
    return try String(contentsOfFile: "\(out.path)/page.html", encoding: .utf8)
  }

  /// Names of elements that are opened and never closed, or the other way round.
  private func unbalanced(_ html: String) -> [String] {
    let void: Set = ["meta", "!DOCTYPE", "br", "img", "rect", "line", "polyline", "circle", "image"]
    var open: [String] = [], stray: [String] = []
    for part in html.components(separatedBy: "<").dropFirst() {
      let name = String(part.prefix { $0 != ">" && $0 != " " && $0 != "\n" })
      if name.hasPrefix("/") {
        if open.last == String(name.dropFirst()) { open.removeLast() } else { stray.append(name) }
      } else if !void.contains(name) {
        open.append(name)
      }
    }
    return open + stray
  }

  @Test("the page of a run is whole, loads nothing and runs no script, and every drawing says what it shows")
  func alone() throws {
    let html = try page([run])
    #expect(unbalanced(html) == [])
    #expect(!html.contains("<script") && !html.contains("@import") && !html.contains("<link"))
    for address in html.components(separatedBy: "href=\"").dropFirst() {
      #expect(address.hasPrefix("data:image/png;base64,") || address.hasPrefix("#"), "\(address.prefix(40))")
    }
    #expect(html.components(separatedBy: "http").dropFirst().allSatisfy { $0.hasPrefix("://www.w3.org/2000/svg\"") })
    let drawings = html.components(separatedBy: "<svg ").dropFirst()
    #expect(drawings.count > 12)
    for drawing in drawings {
      #expect(drawing.hasPrefix("role=\"img\" aria-label=\"") && !drawing.hasPrefix("role=\"img\" aria-label=\"\""))
    }
  }

  @Test("a run's page shows its results, every setting with its origin, and how to reproduce it")
  func facts() throws {
    let html = try page([run, "--no-figures"])
    #expect(html.contains("<td>psnr ↑</td>") && html.contains("<td>FD[randconv64-v1] ↓</td>"))
    #expect(html.contains("<td>training.steps</td><td><strong>10</strong></td><td>override</td>"), "override")
    #expect(html.contains("<td>loss.diffusion-batch-mul</td><td>4</td><td>default</td>"))
    #expect(html.contains("Experiments/quickstart.yaml:15:"), "scratch in the file")
    #expect(html.contains("run -q \(quickstart) results=\(results.path)"), "the command")
    #expect(html.contains("<td>git commit</td>") && html.contains("There are no input files"))
  }

  @Test("the command of a page reproduces the run")
  func repetition() throws {
    let again = try program(["run", "-q", "\(run)/experiment.yaml", "results=\(out.path)"])
    #expect(again.status == 0, "\(again)")
    func samples(_ path: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: "\(path)/samples.h5")) }
    #expect(try samples("\(out.path)/experiment/1") == samples(run))
  }

  @Test("the page of a sweep has the table, the outcomes, the variants side by side, and failures with reasons")
  func sweep() throws {
    let html = try page(["\(results.path)/half.yaml", "--results", results.path])
    #expect(unbalanced(html) == [])
    #expect(html.contains("4 failed") == false && html.contains("2 of 4 done, 2 failed"), "states")
    #expect(html.contains("<td>lost, seed 1</td><td>/nowhere.h5: "))
    #expect(html.contains("<span class=\"mark holds\">holds</span>"))
    #expect(html.contains("equal class and seed") && html.contains("<td>dataset.use</td>"))
  }

  @Test("levels of an ideal filter nest, and those of area reduction do not")
  func nesting() throws {
    func errors(_ filter: String) throws -> [Double] {
      let results = "\(out.path)/\(filter)"
      let settings = ["results=\(results)", "direction.filter=\(filter)"] + tiny
      #expect(try program(["run", "-q", quickstart] + settings).status == 0)
      let run = onlyRun(in: results), drawn = try program(["figures", run, "filter"])
      #expect(drawn.status == 0, "\(drawn)")
      return try String(contentsOfFile: "\(run)/figures/filter-nesting.csv", encoding: .utf8)
        .split(separator: "\n").dropFirst().compactMap { $0.split(separator: ",").last.flatMap { Double($0) } }
    }
    let ideal = try errors("ideal"), area = try errors("area-bicubic")
    #expect(ideal.count == 6 && ideal.allSatisfy { $0 < 1e-5 }, "\(ideal)")
    #expect(area.contains { $0 > 0.1 }, "\(area)")
  }

  @Test("schedules are those of the direction: a cosine leaves floor(16 cos(pi k / 8)) tokens masked")
  func schedule() throws {
    let settings = [
      "results=\(out.path)", "direction={use: masked, steps: 4}", "sampling.guidance={from: 1, to: 3, over: last-step}",
    ]
    #expect(try program(["run", "-q", quickstart] + settings + tiny).status == 0)
    let run = onlyRun(in: out.path), drawn = try program(["figures", run, "schedules", "levels"])
    #expect(drawn.output.contains("levels: left out, because the levels of this direction are no versions of an image"))
    let folder = "\(run)/figures"
    func lines(_ name: String, _ series: String) throws -> [String] {
      try String(contentsOfFile: "\(folder)/schedules-\(name).csv", encoding: .utf8).split(separator: "\n")
        .filter { $0.hasPrefix("\"\(series)\",") }.map { String($0.dropFirst(series.count + 3)) }
    }
    // 16 cells: floor(16 cos(pi/2 k/4)) = 14, 11, 6, 0 are left.
    #expect(try lines("tokens", "predicted") == ["1.0,2.0", "2.0,3.0", "3.0,5.0", "4.0,6.0"])
    #expect(try lines("tokens", "given") == ["1.0,0.0", "2.0,2.0", "3.0,5.0", "4.0,10.0"])
    #expect(try lines("guidance", "guidance").first == "1.0,1.0")
    #expect(try lines("guidance", "guidance").last == "4.0,3.0")
  }

  @Test("what has not run is refused, and nothing is written")
  func nothing() throws {
    let ending = try program(["report", quickstart, "--results", "\(out.path)/none", "--output", "\(out.path)/x.html"])
    #expect(ending.status == 1)
    #expect(ending.sentence == "error: \(quickstart): there is no run yet; run the experiment first.")
    #expect(out.content == [])
  }

  @Test("figures are PNG and SVG in the run's folder, and what does not apply is left out with its reason")
  func figures() throws {
    let ending = try program(["figures", run])
    #expect(ending.status == 0, "\(ending)")
    #expect(
      ending.output.contains(
        "codes: left out, because the tokens of this tokenizer are continuous, and there is no codebook\n"))
    for line in ending.output.split(separator: "\n") where line.hasSuffix(".png") {
      #expect(try ByteImage.read(String(line)).width > 90)
      let svg = try String(contentsOfFile: line.dropLast(4) + ".svg", encoding: .utf8)
      #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n"))
    }
    for name in ["levels", "turns", "filter", "spectrum", "order", "diversity", "loss-noise", "schedules-tokens"] {
      #expect(ending.output.contains("\(run)/figures/\(name).png\n"), "\(name)")
    }
    #expect(
      try program(["figures", run, "turn"]).errors.hasPrefix("Error: there is no figure 'turn'; there are levels,"))
    #expect(
      try program(["figures", run, "side-by-side"]).sentence
        == "error: side-by-side compares runs, and this is one; name a folder of runs or an experiment file.")
  }
}
