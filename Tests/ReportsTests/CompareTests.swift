import Foundation
import Images
import ProgramSupport
import Testing

/// The smoke sweep, run once.
private let swept: Scratch = {
  let scratch = Scratch()
  _ = try? program(["run", "-q", smoke, "results=\(scratch.path)"])
  return scratch
}()
private let smoke = "\(projectFolder)/Experiments/smoke/sweep.yaml"
private let pair = ["full,filter=ideal", "band,filter=ideal"]

@Suite(.serialized) struct CompareTests {
  private let out = Scratch()

  private func compare(_ words: [String]) throws -> Ending {
    try program(["compare"] + words + ["--results", swept.path])
  }

  @Test("two variants differ in exactly the settings that vary, with their seeds grouped")
  func settings() throws {
    let ending = try compare([smoke] + pair)
    #expect(ending.status == 0, "\(ending)")
    #expect(
      ending.output.contains(
        """
        Configuration
                                   A       B
        direction.loss-weight      sine    none
        direction.loss-weight-as   factor  -
        direction.target           full    band
        direction.training-levels  all     listed

        """), "\(ending.output)")
    #expect(ending.output.contains("A  full,filter=ideal  2     done"))
    #expect(ending.output.hasSuffix("mean ± standard deviation (n runs); * best\n"))
  }

  @Test("the difference is the second less the first, and the better of the two is marked")
  func difference() throws {
    let ending = try compare([smoke] + pair + ["--format", "json"])
    let read = try JSONSerialization.jsonObject(with: Data(ending.output.utf8)) as? [String: Any]
    let result = try #require((read?["results"] as? [[String: Any]])?.first)
    let means = (result["values"] as? [[String: Any]])?.compactMap { $0["mean"] as? Double } ?? []
    #expect(means.count == 2 && result["metric"] as? String == "FD[randconv64-v1]")
    // JSONSerialization reads the last digit of some numbers wrongly.
    #expect(abs(try #require(result["difference"] as? Double) - (means[1] - means[0])) <= 1e-14 * means[1])
    #expect(result["best"] as? Int == (means[0] < means[1] ? 0 : 1))
    let table = try program(["table", smoke, "--results", swept.path, "--format", "json"])
    let entries = try JSONSerialization.jsonObject(with: Data(table.output.utf8)) as? [[String: Any]]
    let known = entries?.first { $0["group"] as? String == pair[0] }?["mean"] as? Double
    #expect(known == means[0])
  }

  @Test("runs by their folders, more than two at once, make a column each")
  func folders() throws {
    let runs = try ["full,filter=ideal", "full,filter=dct", "band,filter=dct"].map { name in
      let found = try FileManager.default.contentsOfDirectory(atPath: "\(swept.path)/sweep").first {
        $0.hasPrefix(name + "-")
      }
      return "\(swept.path)/sweep/\(found ?? name)/1"
    }
    let ending = try program(["compare"] + runs + ["--format", "md"])
    #expect(ending.status == 0, "\(ending)")
    #expect(ending.output.contains("| direction.filter | ideal | dct | dct |"), "\(ending.output)")
    #expect(ending.output.contains("|  | A | B | C |") && !ending.output.contains("B - A"))
  }

  @Test("a run differs from itself in nothing")
  func same() throws {
    let copy = Scratch()
    try FileManager.default.copyItem(atPath: "\(swept.path)/sweep", toPath: "\(copy.path)/sweep")
    let name = try #require(
      FileManager.default.contentsOfDirectory(atPath: "\(swept.path)/sweep").sorted().first { $0.contains("=") })
    let ending = try program(["compare", "\(swept.path)/sweep/\(name)/1", "\(copy.path)/sweep/\(name)/1"])
    #expect(ending.output.contains("Configuration\nthe same\n"), "\(ending)")
    #expect(ending.output.contains("Environment\nthe same\n"), "\(ending)")
    #expect(ending.output.contains("Inputs and what was trained\nthe same\n"), "\(ending)")
  }

  @Test("a plot lays the curves of all runs over each other, as PNG and as SVG")
  func plot() throws {
    let ending = try compare([smoke] + pair + ["--plot", "\(out.path)/losses.png"])
    #expect(ending.status == 0, "\(ending)")
    #expect(
      out.content == ["-validation-loss", ""].flatMap { ["losses-model\($0).png", "losses-model\($0).svg"] })
    #expect(try ByteImage.read("\(out.path)/losses-model.png").width == 760)
    let svg = try String(contentsOfFile: "\(out.path)/losses-model.svg", encoding: .utf8)
    #expect(svg.components(separatedBy: "<polyline").count == 5 && svg.contains("B: band,filter=ideal, seed 2"))
  }

  @Test("what cannot be compared is refused in one sentence")
  func refusals() throws {
    #expect(
      try compare([smoke, pair[0]]).sentence
        == "error: \(smoke) \(pair[0]): this is one run, and a comparison takes two; name another run "
        + "or variant.")
    #expect(
      try compare([smoke, "ful,filter=ideal", pair[1]]).sentence.hasSuffix("Did you mean 'full,filter=ideal'?"))
    #expect(
      try program(["compare", "/nowhere/1", "/nowhere/2"]).sentence
        == "error: /nowhere/1: there is no such folder; name a run, a folder of runs, or an experiment file.")
    #expect(
      try compare([smoke] + pair + ["--plot", "\(out.path)/x", "--curve", "los"]).sentence
        .hasPrefix(
          "error: --curve: no run kept los; there are gradient-norm, images-per-second, learning-rate, loss, "
            + "validation loss, "))
    #expect(out.content == [])
  }
}
