import Foundation
import Laboratory
import ProgramSupport
import Testing

@Suite struct SizesTests {
  /// Sizes printed in the papers, in millions; a billion with one decimal is exact to 50 million.
  private static let papers: [(file: String, scale: String, overrides: [String], millions: Double, within: Double)] = [
    // Li et al. 2024, arXiv 2406.11838, table 4.
    ("mar", "b", [], 208, 1), ("mar", "l", [], 479, 1), ("mar", "h", [], 943, 1),
    // Yu et al. 2025, arXiv 2503.05305, table 1.
    ("far", "b", [], 208, 0.5), ("far", "l", [], 451, 0.5), ("far", "h", [], 812, 0.5),
    // The same with the head of the released script.
    ("far", "l", ["loss.width=1024"], 426.4, 0.1),
    // Tian et al. 2024, arXiv 2404.02905, the authors' list of models.
    ("var", "d16", [], 310, 1), ("var", "d20", [], 600, 1), ("var", "d24", [], 1000, 50), ("var", "d30", [], 2000, 50),
    // Sun et al. 2024, arXiv 2406.06525.
    ("llamagen", "b", [], 111, 0.5), ("llamagen", "l", [], 343, 0.5), ("llamagen", "xl", [], 775, 0.5),
    ("llamagen", "xxl", [], 1400, 50), ("llamagen", "3b", [], 3100, 50),
    // Yu et al. 2024, arXiv 2411.00776: 1024 codes of the tokenizer of MaskGIT. The released code has tables of
    // more positions than there are tokens, which makes up to 3 million.
    ("llamagen", "b", rar("b"), 261, 3), ("llamagen", "b", rar("l"), 461, 3), ("llamagen", "b", rar("xl"), 955, 3),
    ("llamagen", "b", rar("xxl"), 1500, 50),
  ]

  private static func rar(_ size: String) -> [String] {
    [
      "backbone.preset=rar-\(size)", "tokenizer.codes=1024", "tokenizer.code-width=256",
      "tokenizer.l2-normalized=false",
      "loss.bias=true",
    ]
  }

  @Test("the papers' sizes have the papers' numbers of parameters, counted without their memory")
  func counts() throws {
    for paper in Self.papers {
      let clock = ContinuousClock(), before = try residentBytes()
      var count = 0
      let time = try clock.measure {
        count = try modelParameters(of: "\(Self.folder)/\(paper.file)/sizes.yaml", paper.overrides, scale: paper.scale)
      }
      let name = "\(paper.file) \(paper.scale) \(paper.overrides): \(count)"
      #expect(abs(Double(count) / 1e6 - paper.millions) <= paper.within, "\(name)")
      #expect(time < .seconds(2), "\(name) took \(time)")
      // Far below the four bytes of a parameter; other tests run at the same time.
      #expect(try residentBytes() - before < max(400_000_000, count), "\(name)")
    }
  }

  @Test("sizes that no machine holds are refused before memory is taken, with the setting that makes them")
  func tooLarge() throws {
    let file = "\(projectFolder)/Experiments/quickstart.yaml"
    let cases: [(overrides: [String], sentence: String)] = [
      (
        ["backbone.width=16384", "backbone.depth=256", "backbone.mlp-width=1000000"],
        "'backbone.mlp-width: 1000000' makes the backbone too large: weights take "
      ),
      (["tokenizer.channel-multipliers=[1,1,2,9223372036854775807]"], "'channel-multipliers' must be at most 64."),
      (
        ["tokenizer={use: vq, codes: 1048576, code-width: 4096, training: {steps: 1}}"],
        "1048576 codes of 4096 channels are more than 268435456 numbers; use fewer 'codes' or channels."
      ),
      (
        ["dataset={use: hdf5, path: x.h5, size: 4096}", "tokenizer={use: pixels, patch-size: 1}"],
        "images of 4096x4096 become 4096x4096 tokens; at most 262144 are possible: use smaller images or a larger "
          + "'stride'."
      ),
    ]
    for (overrides, sentence) in cases {
      let error = #expect(throws: (any Error).self) { try modelParameters(of: file, overrides) }
      #expect("\(error.map { "\($0)" } ?? "")".contains(sentence), "\(overrides)")
    }
  }

  @Test("codes are embedded only where a direction feeds them")
  func codes() throws {
    let file = Self.folder + "/llamagen/sizes.yaml"
    #expect(try modelParameters(of: file, ["direction.order=random", "backbone.target-positions=true"]) > 0)
    let error = #expect(throws: (any Error).self) {
      try modelParameters(of: file, ["direction.use=multi-scale"])
    }
    #expect("\(error.map { "\($0)" } ?? "")".contains("this direction feeds sums or averages of them"))
  }

  private static var folder: String { "\(projectFolder)/Experiments/papers" }

  /// Memory of this process that is really there.
  private func residentBytes() throws -> Int {
    let pages = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")[1]
    return (Int(pages) ?? 0) * 4096
  }
}
