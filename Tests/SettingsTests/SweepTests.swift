import Settings
import Testing

private func names(_ text: String, _ overrides: [String] = []) throws -> [String] {
  try Sweep(parsing: text, file: "t.yaml", overrides: overrides).variants.map {
    ([$0.name] + $0.choices.map { "\($0.path)=\($0.value)" }).joined(separator: " ")
  }
}

private func refusal(_ text: String) -> String {
  do { _ = try Sweep(parsing: text, file: "t.yaml") } catch {
    return String("\(error)".split(separator: "\n").first ?? "")
  }
  return "no error"
}

@Suite struct SweepTests {
  @Test("a file without a sweep is one variant without a name")
  func plain() throws { #expect(try names("seed: 1") == [""]) }

  @Test("a grid makes every combination, in the order of the file, named by what varies")
  func grid() throws {
    #expect(
      try names("sweep: { grid: { training.batch: [1, 2], loss.use: [a, b] } }") == [
        "batch=1,loss=a training.batch=1 loss.use=a", "batch=1,loss=b training.batch=1 loss.use=b",
        "batch=2,loss=a training.batch=2 loss.use=a", "batch=2,loss=b training.batch=2 loss.use=b",
      ])
  }

  @Test("zip takes the values of its lists together")
  func zip() throws {
    #expect(
      try names("sweep: { zip: { width: [1, 2], depth: [3, 4] } }") == [
        "width=1,depth=3 width=1 depth=3", "width=2,depth=4 width=2 depth=4",
      ])
  }

  @Test("named variants set what they like, dotted or nested, and go with every combination and seed")
  func variants() throws {
    let text = """
      direction: { target: none }
      seeds: [1, 2]
      sweep:
        variants: { plain: , full: { direction.target: full }, band: { direction: { target: band } } }
        grid: { x: [5] }
      """
    let sweep = try Sweep(parsing: text, file: "t.yaml")
    #expect(sweep.variants.map(\.name) == ["plain,x=5", "plain,x=5", "full,x=5", "full,x=5", "band,x=5", "band,x=5"])
    var targets: [String] = [], seeds: [Int] = []
    for variant in sweep.variants {
      var settings = variant.settings
      seeds.append(try settings[required: "seed", about: ""])
      var direction = try settings.section("direction", about: "")
      targets.append(try direction[required: "target", about: ""])
    }
    #expect(targets == ["none", "none", "full", "full", "band", "band"] && seeds == [1, 2, 1, 2, 1, 2])
  }

  @Test("excluded combinations are left out")
  func exclude() throws {
    #expect(
      try names("sweep: { grid: { a: [1, 2], b: [x, y] }, exclude: [{ a: 1, b: y }, { a: 2, b: x }] }") == [
        "a=1,b=x a=1 b=x", "a=2,b=y a=2 b=y",
      ])
  }

  @Test("settings with the same last word are named in full, and values fit a folder's name")
  func clashes() throws {
    #expect(
      try names("sweep: { grid: { a.width: [1], b.width: ['x/y'] } }") == [
        "a.width=1,b.width=x_y a.width=1 b.width=x_y"
      ])
  }

  @Test("an override of what varies leaves one variant of those that became the same")
  func overrides() throws {
    #expect(try names("sweep: { grid: { a: [1, 2, 3] } }", ["a=2"]).count == 1)
    #expect(try names("sweep: { grid: { a: [1, 2, 3] } }", ["b=2"]).count == 3)
  }

  @Test("expectations are kept with their location")
  func expectations() throws {
    let sweep = try Sweep(parsing: "expect: ['psnr: a > b', 'psnr: a in [1, 2]']", file: "t.yaml")
    #expect(sweep.expectations.map(\.text) == ["psnr: a > b", "psnr: a in [1, 2]"])
    #expect(sweep.expectations[0].location.line == 1)
  }

  @Test("mistakes are refused where they stand")
  func refusals() {
    #expect(
      refusal("sweep: { gird: {} }")
        == "t.yaml:1:10: there is no setting 'gird' in 'sweep'; there are grid, zip, variants, exclude. "
        + "Did you mean 'grid'?"
    )
    #expect(refusal("sweep: { grid: { a: 1 } }") == "t.yaml:1:21: 'a' of 'grid' takes a list of values to try.")
    #expect(
      refusal("sweep: { zip: { a: [1, 2], b: [1] } }")
        == "t.yaml:1:10: the lists of 'zip' go hand in hand; give each 2 values.")
    #expect(refusal("seeds: 3") == "t.yaml:1:8: 'seeds' takes a list of whole numbers, such as [1, 2, 3].")
    #expect(
      refusal("sweep: { grid: { a: [1] }, exclude: [{ a: 1 }] }") == "t.yaml:1:28: 'exclude' leaves nothing to run.")
    #expect(
      refusal("sweep: { grid: { a: [1] }, exclude: [{ b: 1 }] }")
        == "t.yaml:1:40: there is no setting 'b' in 'exclude'; there are a. Did you mean 'a'?")
  }

  @Test("blocks of another kind are refused where they stand")
  func kinds() {
    #expect(refusal("sweep: 3") == "t.yaml:1:8: 'sweep' takes a mapping, not '3'.")
    #expect(refusal("sweep: { variants: [] }") == "t.yaml:1:20: 'variants' takes a mapping, not a list.")
    #expect(refusal("sweep: { variants: { a: 3 } }") == "t.yaml:1:25: a variant takes a mapping, not '3'.")
    #expect(refusal("sweep: { grid: { a: [] } }") == "t.yaml:1:21: 'a' of 'grid' takes a list of values to try.")
    #expect(
      refusal("sweep: { exclude: 3 }")
        == "t.yaml:1:10: 'exclude' takes a list of mappings, each a combination to leave out.")
    #expect(refusal("sweep: { exclude: [3] }") == "t.yaml:1:20: a rule of 'exclude' takes a mapping, not '3'.")
    #expect(refusal("expect: [[]]") == "t.yaml:1:10: 'expect' takes sentences such as \"psnr: full > band\".")
    #expect(refusal("seeds: []") == "t.yaml:1:8: 'seeds' takes a list of whole numbers, such as [1, 2, 3].")
    #expect(refusal("- 1") == "t.yaml:1:1: an experiment is a mapping of keys to values, not a list.")
  }

  @Test("grids go with every position of zip, the last axis fastest")
  func zipped() throws {
    let sweep = try Sweep(
      parsing: "sweep: { zip: { a: [1, 2], b: [3, 4] }, grid: { c: [5, 6] } }", file: "t.yaml")
    #expect(sweep.variants.map(\.name) == ["a=1,b=3,c=5", "a=1,b=3,c=6", "a=2,b=4,c=5", "a=2,b=4,c=6"])
  }

  @Test("lists are named by their items, mappings by the component that they use, else by their entries")
  func values() throws {
    let sweep = try Sweep(
      parsing: "sweep: { grid: { filter: [{ use: dct, size: 3 }, [1, 2], { x: 1, y: 2 }] } }", file: "t.yaml")
    #expect(sweep.variants.map(\.name) == ["filter=dct", "filter=1-2", "filter=x-1-y-2"])
  }
}
