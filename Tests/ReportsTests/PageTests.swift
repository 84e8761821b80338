import Images
import Laboratory
import Testing

import Reports

@Suite struct PageTests {
  @Test("text, titles and cells are escaped")
  func escaping() {
    var page = Page("a < b")
    page.section("R & D")
    page.heading("<h>")
    page.text("x < y", quiet: true)
    page.code("if a && b")
    page.table(["<head>"], [[Page.Cell("1 < 2", isStrong: true), Page.Cell("3", isNumber: true, mark: "done")]])
    let html = page.html
    #expect(html.contains("<h1>a &lt; b</h1>") && html.contains("<h2 id=\"r---d\">R &amp; D</h2>"))
    #expect(html.contains("<a href=\"#r---d\">R &amp; D</a>"))
    #expect(html.contains("<h3>&lt;h&gt;</h3>") && html.contains("<p class=\"quiet\">x &lt; y</p>"))
    #expect(html.contains("<pre><code>if a &amp;&amp; b</code></pre>"))
    #expect(html.contains("<td><strong>1 &lt; 2</strong></td>"))
    #expect(html.contains("<td class=\"number\"><span class=\"mark done\">3</span></td>"))
  }

  @Test("a table has a head unless its titles are empty, and number columns are aligned right")
  func table() {
    var page = Page("t")
    page.table(["a", "b"], [[Page.Cell("x"), Page.Cell("1", isNumber: true)]], caption: "C.")
    #expect(page.html.contains("<th scope=\"col\">a</th><th scope=\"col\" class=\"number\">b</th>"))
    #expect(page.html.contains("<caption>C.</caption>"))
    var bare = Page("t")
    bare.table(["", ""], [[Page.Cell("x"), Page.Cell("y")]])
    #expect(!bare.html.contains("<thead>"))
  }

  @Test("a drawing is labelled by its caption, and a sheet may be wider than a plot")
  func drawing() {
    var page = Page("t")
    page.row { page in
      page.drawing("<svg viewBox=\"0 0 400 300\"></svg>", caption: "A plot.", isSheet: false)
      page.drawing("<svg viewBox=\"0 0 400 300\"></svg>", caption: "A sheet.", isSheet: true)
    }
    #expect(page.html.contains("aria-label=\"A plot.\" class=\"plot\" style=\"max-width:400px;min-width:300px\""))
    #expect(page.html.contains("aria-label=\"A sheet.\" class=\"sheet\" style=\"max-width:500px;min-width:400px\""))
    #expect(page.html.contains("<figcaption>A sheet.</figcaption>"))
  }

  @Test("details fold their content, and a state has a mark")
  func details() {
    var page = Page("t")
    page.details("More & more") { $0.text("inside") }
    page.status("done", mark: "done")
    #expect(page.html.contains("<details><summary>More &amp; more</summary>\n<p>inside</p>\n</details>"))
    #expect(page.html.contains("<p><span class=\"mark done\">done</span></p>"))
  }

  @Test("a long curve is drawn as means of neighbours, a short one as it is")
  func smooth() {
    let points = (0..<300).map { (x: Double($0), y: Double($0 % 2)) }
    let smooth = CurvePlots.smooth(points)
    #expect(smooth.count == 150 && smooth.allSatisfy { $0.y == 0.5 } && smooth[0].x == 0.5)
    #expect(CurvePlots.smooth(Array(points.prefix(10))).count == 10)
  }

  @Test("curves come with the loss first and technical quantities last, on a logarithmic axis over a wide range")
  func curves() {
    func curve(_ name: String, _ values: [Double]) -> RunRecord.Curve {
      RunRecord.Curve(stage: "model", name: name, points: values.enumerated().map { (Double($0.offset), $0.element) })
    }
    let run = ("a", [curve("learning-rate", [1, 100]), curve("kl", [1, 2]), curve("loss", [10, 1])])
    let plots = CurvePlots("t", [run, ("b", [curve("loss", [5, 4])])]).plots
    #expect(plots.map(\.name) == ["loss", "kl", "learning-rate"])
    #expect(plots[0].plot.series.map(\.name) == ["a", "b"] && plots[0].plot.yScale == .log)
    #expect(plots[1].plot.yScale == .linear && plots[2].plot.yScale == .linear)
    #expect(CurvePlots("t", [run], names: ["kl"]).plots.map(\.name) == ["kl"])
    #expect(CurvePlots("t", [run]).plots[0].plot.series[0].name == "")
  }

  @Test("training and validation of one run share a plot, as levels do; of several runs each has its own")
  func validationCurves() {
    func curve(_ name: String, isValidation: Bool = true) -> RunRecord.Curve {
      RunRecord.Curve(stage: "model", name: name, isValidation: isValidation, points: [(10, 2), (20, 1)])
    }
    let levels = (0..<12).map { curve("loss level \($0)") }
    let curves = [curve("loss", isValidation: false), curve("loss"), curve("loss last level"), curve("loss t 0.1")]
    let plots = CurvePlots("t", [("a", curves + levels)]).plots
    #expect(plots.map(\.name) == ["loss", "loss by level", "loss by timestep"])
    #expect(plots[0].plot.series.map(\.name) == ["train", "validation"])
    #expect(plots[1].plot.series.map(\.name).first == "level 0" && plots[1].plot.series.last?.name == "level 11")
    #expect(plots[1].plot.series.count == 8 && plots[2].plot.series.map(\.name) == ["t 0.1"])
    let overlaid = CurvePlots("t", [("a", curves), ("b", curves)], names: CurvePlots.compared).plots
    #expect(overlaid.map(\.name) == ["loss", "validation loss"])
    #expect(overlaid.allSatisfy { $0.plot.series.map(\.name) == ["a", "b"] })
  }

  @Test("a text table pads columns with spaces, and its Markdown escapes bars")
  func textTable() {
    let table = TextTable(head: ["", "psnr"], rows: [["full", "1"], ["a|b", "22"]])
    #expect(table.text == "      psnr\nfull  1\na|b   22\n")
    #expect(table.markdown == "|  | psnr |\n| --- | --- |\n| full | 1 |\n| a\\|b | 22 |\n")
  }

  @Test("sides of a comparison are lettered A to Z, then numbered")
  func letters() {
    #expect([0, 25, 26].map(Comparison.letter) == ["A", "Z", "27"])
    #expect(Comparison.written(nil) == "-")
    #expect(Comparison.written(.init(values: [0.5])) == "0.5 (1)")
    #expect(Comparison.signed(-0.5, nil) == "-0.5" && Comparison.signed(0.5, 0.25) == "+0.5 ± 0.25")
  }
}
