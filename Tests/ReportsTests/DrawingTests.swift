import Foundation
import Images
import Laboratory
import ProgramSupport
import Testing

import Reports

@Suite struct DrawingTests {
  private let plot = Plot("t", x: "step", y: "a \"loss\"", [Plot.Series("one", [(1, 2), (3, 4)])])

  @Test("the numbers of curves and bars are CSV with quoted names, and sheets of images have none")
  func csv() {
    #expect(Drawing.plot(plot).csv == "series,\"step\",\"a \"\"loss\"\"\"\n\"one\",1.0,2.0\n\"one\",3.0,4.0\n")
    #expect(Drawing.bars(BarPlot("b", y: "v", [.init("x", 0.5)])).csv == "bar,\"v\"\n\"x\",0.5\n")
    let sheet = ContactSheet([ByteImage(height: 2, width: 2, colour: [1, 2, 3])], columns: 1)
    #expect(Drawing.sheet(sheet).csv == nil)
  }

  @Test("hidden pixels become a checkerboard, the others stay")
  func hidden() {
    let image = ByteImage(height: 1, width: 3, colour: [10, 20, 30])
    #expect(
      image.hidden(where: [true, true, false]).pixels == [236, 236, 236, 224, 224, 224, 10, 20, 30])
  }

  @Test("an image is resized by nearest neighbour")
  func stretched() {
    let image = ByteImage(height: 1, width: 2, pixels: [1, 1, 1, 9, 9, 9])
    let large = image.stretched(height: 2, width: 4)
    #expect(large.height == 2 && large.width == 4)
    let row = [UInt8](repeating: 1, count: 6) + [UInt8](repeating: 9, count: 6)
    #expect(large.pixels == row + row)
  }

  @Test("a folder of figures holds PNG, SVG, CSV and an index, in the order of figures")
  func folder() throws {
    let scratch = Scratch(), folder = FigureFolder(path: "\(scratch.path)/figures")
    #expect(folder.index == nil)
    var log: [String] = []
    let index = try folder.draw(
      [
        ("order", { [Panel("order-last", .plot(plot), caption: "One.")] }),
        ("levels", { throw Inapplicable("there are none") }),
        ("turns", { [Panel("turns", .plot(plot), caption: "Two.")] }),
      ], of: "first"
    ) { log.append($0) }
    #expect(index.panels.map(\.figure) == ["turns", "order"] && index.leftOut == ["levels": "there are none"])
    #expect(log.contains("levels: left out, because there are none"))
    #expect(
      scratch.content == [
        "figures", "figures/index.json", "figures/order-last.csv", "figures/order-last.png", "figures/order-last.svg",
        "figures/turns.csv", "figures/turns.png", "figures/turns.svg",
      ])
    #expect(folder.index?.panels.map(\.caption) == ["Two.", "One."])
  }

  @Test("drawing again keeps other figures of an equal configuration, and drops those of another")
  func again() throws {
    let scratch = Scratch(), folder = FigureFolder(path: scratch.path)
    func draw(_ name: String, of configuration: String) throws -> [String] {
      try folder.draw([(name, { [Panel(name, .plot(plot), caption: "C.")] })], of: configuration) { _ in }
        .panels.map(\.figure)
    }
    #expect(try draw("turns", of: "first") == ["turns"])
    #expect(try draw("order", of: "first") == ["turns", "order"])
    #expect(try draw("turns", of: "first") == ["turns", "order"])
    #expect(try draw("loss", of: "second") == ["loss"])
    try scratch.write("no json", "index.json")
    #expect(folder.index == nil)
  }

  @Test("the common folder of runs is the deepest that holds all, or the run itself")
  func common() {
    func record(_ path: String) -> RunRecord { RunRecord(path) }
    #expect(RunFigures.common([record("a/b/1")]) == "a/b/1")
    #expect(RunFigures.common([record("a/b/1"), record("a/b/2")]) == "a/b")
    #expect(RunFigures.common([record("a/1"), record("b/1")]) == ".")
    #expect(RunFigures.common([]) == ".")
  }
}
