import Autoregression
import Settings
import Tensors
import Testing

@Suite("Settings of frequency")
struct FrequencySettingsTests {
  /// The first line of the error: location and sentence, without the excerpt of the file.
  private func refusal(_ settings: String, over grid: Grid = Grid(height: 4, width: 6)) -> String {
    do {
      _ = try frequency(settings, over: grid)
      return "nothing refused"
    } catch {
      return "\(error)".split(separator: "\n").first.map(String.init) ?? ""
    }
  }

  @Test(
    "what no generation could use is refused in a sentence",
    arguments: [
      (
        "levels: [0, 7]",
        "experiment.yaml:1:19: direction 'frequency' has levels 0 to 6 over a grid of 4x6; 'levels' must list some "
          + "of these."
      ),
      (
        "levels: [0, -1]",
        "experiment.yaml:1:19: direction 'frequency' has levels 0 to 6 over a grid of 4x6; 'levels' must list some "
          + "of these."
      ),
      (
        "levels: []",
        "experiment.yaml:1:19: direction 'frequency' has levels 0 to 6 over a grid of 4x6; 'levels' must list some "
          + "of these."
      ),
      (
        "levels: [2, 3]",
        "experiment.yaml:1:19: a generation starts from nothing, which is level 0; 'levels' must begin with 0, not 2."
      ),
      (
        "levels: [0, 2, 3], unfiltered-steps: [0]",
        "experiment.yaml:1:38: 'unfiltered-steps' names steps after the first, which are 1 to 2 with 3 levels."
      ),
      (
        "levels: [0, 2, 3], unfiltered-steps: [3]",
        "experiment.yaml:1:38: 'unfiltered-steps' names steps after the first, which are 1 to 2 with 3 levels."
      ),
      (
        "levels: [0], unfiltered-steps: [1]",
        "experiment.yaml:1:32: 'unfiltered-steps' names steps after the first, and a list of 1 level has none; leave "
          + "it out."
      ),
      (
        "target: band, mask: { sampling: cosine }",
        "experiment.yaml:1:33: 'mask' and 'unfiltered-steps' say how a draft is shown, and target 'band' has none; "
          + "leave them out, or use target 'full'."
      ),
      (
        "target: next-level, levels: [0, 3, 2]",
        "experiment.yaml:1:39: with target 'next-level' every level must add detail: 'levels' must ascend and stay "
          + "below 6."
      ),
      (
        "target: band, levels: [0, 3, 3]",
        "experiment.yaml:1:33: with target 'band' every level must add detail: 'levels' must ascend and stay below 6."
      ),
      (
        "target: band, levels: [0, 6]",
        "experiment.yaml:1:33: with target 'band' every level must add detail: 'levels' must ascend and stay below 6."
      ),
      (
        "target: band, training-levels: all",
        "experiment.yaml:1:33: target 'band' is trained on the levels that it samples; leave out 'training-levels', or "
          + "set it to 'listed'."
      ),
      (
        "filter: ideel",
        "experiment.yaml:1:27: 'filter' must be one of area-bicubic, ideal, square, gaussian, butterworth, dct, "
          + "average, not 'ideel'. Did you mean 'ideal'?"
      ),
      (
        "context: all, mask: { training: uniform }",
        "experiment.yaml:1:33: 'mask' and 'unfiltered-steps' say how one draft is shown, and context 'all' has one "
          + "for each level; leave them out, or use context 'current'."
      ),
      ("mask: { min-ratio: 1.5 }", "experiment.yaml:1:38: 'min-ratio' must be from 0 to 1, not 1.5."),
      ("filter: butterworth, filter-order: 0", "experiment.yaml:1:54: 'filter-order' must be from 1 to 32, not 0."),
    ])
  func refused(_ settings: String, _ message: String) {
    #expect(refusal(settings) == message)
  }

  @Test("a filter without an order has no setting for it")
  func strayOrder() {
    #expect(refusal("filter: ideal, filter-order: 2").contains("there is no setting 'filter-order'"))
  }

  @Test("with all levels in one sequence none is drawn, and with equal weights none is drawn more often")
  func strayDraws() {
    #expect(refusal("context: all, level-sampling: per-image").contains("there is no setting 'level-sampling'"))
    #expect(refusal("context: all, training-levels: all").contains("there is no setting 'training-levels'"))
    #expect(refusal("loss-weight: none, loss-weight-as: probability").contains("there is no setting 'loss-weight-as'"))
  }

  private func list(_ settings: String, side: Int) throws -> [Int] {
    turns(of: try frequency(settings, over: Grid(height: side, width: side))).map { $0.levels?[0] ?? -1 }
  }

  @Test("the released lists are those of the released samplers on 16 cells a side, and fit other grids")
  func releasedLists() throws {
    #expect(try list("preset: released", side: 16) == [0, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    #expect(try list("preset: released", side: 32) == [0, 4, 6, 8, 10, 12, 14, 16, 18, 20])
    #expect(try list("preset: released", side: 12) == [0, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    #expect(try list("preset: released", side: 4) == [0, 1, 2, 3])
    let masked = "preset: released-mask"
    #expect(try list(masked, side: 16) == [0, 12, 12, 4, 5, 6, 7, 8, 9, 10, 11])
    #expect(try list(masked, side: 4) == [0, 3, 3, 1, 2])
  }

  @Test("a mask changes neither the list of levels nor the unfiltered steps, whatever the preset")
  func maskAlone() throws {
    for preset in ["paper", "released"] {
      for mask in ["sampling: cosine", "training: cosine", "training: level-tied, sampling: cosine"] {
        let plain = try resolved("preset: \(preset)"), masked = try resolved("preset: \(preset), mask: { \(mask) }")
        for key in ["levels: ", "unfiltered-steps: ", "level-sampling: ", "training-levels: "] {
          func line(_ text: String) -> Substring? { text.split(separator: "\n").first { $0.hasPrefix(key) } }
          #expect(line(plain) != nil && line(plain) == line(masked), "\(preset), \(mask), \(key)")
        }
      }
    }
  }

  @Test("the preset with a mask is the released one with the law, the list and the steps of its option")
  func releasedMask() throws {
    let spelled =
      "preset: released, mask: { training: level-tied, sampling: cosine }, unfiltered-steps: [1], "
      + "levels: [0, 12, 12, 4, 5, 6, 7, 8, 9, 10, 11]"
    let short = try resolved("preset: released-mask", side: 16), long = try resolved(spelled, side: 16)
    #expect(short.replacing("released-mask", with: "released") == long)
  }

  /// The settings of a direction over a grid of `side` x `side` as they were understood.
  private func resolved(_ text: String, side: Int = 8) throws -> String {
    var settings = try Settings(parsing: "{ \(text) }", file: "experiment.yaml")
    let type = try #require(
      Registry.linked().entries.first { $0.key == "frequency" }?.type as? any RegressionDirection.Type)
    _ = try type.init(&settings, over: Grid(height: side, width: side))
    return settings.resolved(origins: false)
  }

  @Test("the paper's levels are spread evenly over ten turns, or as many as there are levels")
  func paperLists() throws {
    #expect(try list("", side: 20) == [0, 2, 4, 6, 8, 10, 12, 14, 16, 18])
    #expect(try list("preset: paper", side: 16) == [0, 1, 3, 4, 6, 8, 9, 11, 12, 14])
    #expect(try list("", side: 3) == [0, 1, 2])
  }

  @Test("every default of a preset can be set beside it")
  func overridden() throws {
    #expect(try list("preset: released, levels: [0, 5, 1]", side: 16) == [0, 5, 1])
    let weights = try frequency("preset: released, loss-weight: sine, level-sampling: per-image")
    var random = Random(seed: 1, samples: [0, 1, 2])
    let turn = weights.trainingTurn(batch: 3, progress: 0, &random)
    #expect(turn.weights?.shape == [3, 16] && turn.levels?.count == 3)
  }

  @Test("a file as it was understood names every setting with its value")
  func resolved() throws {
    #expect(
      try resolved("preset: released-mask", side: 4) == """
        preset: released-mask
        filter: area-bicubic
        order: low-to-high
        target: full
        context: current
        mask:
          training: level-tied
          min-ratio: 0.7
          sampling: cosine
        levels: [0, 3, 3, 1, 2]
        level-sampling: per-batch
        training-levels: all
        unfiltered-steps: [1]
        loss-weight: none

        """)
  }
}

@Suite("Draws of frequency")
struct FrequencyDrawTests {
  @Test("a level is drawn for a batch or for each image, from all levels or from the list")
  func levels() throws {
    func drawn(_ settings: String) throws -> [[Int]] {
      let direction = try frequency(settings, over: Grid(height: 8, width: 8))
      return (0..<200).map { step in
        var random = Random(seed: 2, step: step, samples: [0, 1])
        return direction.trainingTurn(batch: 2, progress: 0, &random).levels ?? []
      }
    }
    let batch = try drawn("level-sampling: per-batch"), image = try drawn("level-sampling: per-image")
    #expect(batch.allSatisfy { $0.count == 1 } && Set(batch.map { $0[0] }) == Set(0..<8))
    #expect(image.allSatisfy { $0.count == 2 } && image.contains { $0[0] != $0[1] })
    #expect(Set(image.map { $0[1] }) == Set(0..<8))
    // The top level, which would show the answer, is never trained.
    #expect(
      Set(try drawn("training-levels: listed, levels: [0, 5, 2, 8], level-sampling: per-batch").map { $0[0] }) == [
        0, 2, 5,
      ])
  }

  @Test("the law of the mask bounds the fraction hidden, and high levels hide more")
  func fractions() throws {
    func hidden(_ mask: String, levels: String = "[0]") throws -> [Int] {
      let direction = try frequency(
        "level-sampling: per-batch, training-levels: listed, levels: \(levels), mask: { \(mask) }",
        over: Grid(height: 10, width: 10))
      return (0..<300).map { step in
        var random = Random(seed: 3, step: step, samples: [0])
        return 100 - direction.trainingTurn(batch: 1, progress: 0, &random).shown.count(in: 100)
      }
    }
    #expect(Set(try hidden("training: none")) == [0])
    #expect(Set(try hidden("training: fixed, min-ratio: 0.1")) == [10])
    #expect(Set(try hidden("training: fixed, min-ratio: 1")) == [100])
    let uniform = try hidden("training: uniform, min-ratio: 0.4")
    #expect(uniform.allSatisfy { (40...100).contains($0) } && uniform.contains { $0 < 50 })
    let truncated = try hidden("training: truncated-normal, min-ratio: 0.7")
    #expect(truncated.allSatisfy { (70...100).contains($0) } && truncated.contains { $0 < 75 })
    #expect(try hidden("training: level-tied").contains { $0 < 60 })
    // The cosine of an even number is above one half two thirds of the time.
    let cosine = try hidden("training: cosine"), fraction = Double(cosine.filter { $0 > 50 }.count) / 300
    #expect(cosine.contains { $0 < 20 } && abs(fraction - 2.0 / 3) < 0.1)
    #expect(try hidden("training: cosine, min-ratio: 0.5").allSatisfy { (50...100).contains($0) })
    // Level 9 of 10 hides at least 0.63; levels 0 and 9 are drawn about equally often.
    let tied = try hidden("training: level-tied, min-ratio: 1", levels: "[0, 9]")
    #expect(tied.allSatisfy { (0...100).contains($0) } && tied.filter { $0 >= 90 }.count > 150)
  }

  @Test("a masked generation shows more of one random order at every turn, as many as the released code")
  func growing() throws {
    let direction = try frequency("preset: released-mask", over: Grid(height: 16, width: 16))
    let shown = turns(of: direction, batch: 2).map { $0.shown.indices(in: 256, batch: 2) }
    // papers: 3, 11, 24, ... visible after each of 11 turns; the last of these counts is never shown.
    #expect(shown.map { $0[0].count } == [0, 3, 11, 24, 41, 63, 89, 118, 150, 184, 220])
    for (earlier, later) in zip(shown, shown.dropFirst()) {
      for sample in 0..<2 { #expect(Set(earlier[sample]).isSubset(of: later[sample])) }
    }
    #expect(shown[5][0] != shown[5][1])
  }

  @Test("weights rise from low to high levels, or fall when reversed")
  func weights() throws {
    func weight(_ kind: String, _ level: Int) throws -> Float {
      let direction = try frequency("loss-weight: \(kind), level-sampling: per-batch", over: Grid(height: 8, width: 8))
      var random = Random(replaying: ["level": [Tensor((Float(level) + 0.5) / 8)]], samples: [0])
      let turn = direction.trainingTurn(batch: 1, progress: 0, &random)
      #expect(turn.levels == [level])
      return turn.weights?.scalars[0] ?? 1
    }
    #expect(try weight("none", 3) == 1)
    #expect(try weight("linear", 3) == 1.5)
    #expect(try weight("exponential", 3) == Float(2).squareRoot())
    #expect(try weight("exponential", 7) == 2)
    #expect(try weight("sine", 7) == 2)
    for level in 0..<8 {
      let reversed = try weight("reversed-sine", level), mirrored = try weight("sine", 7 - level)
      #expect(reversed == mirrored)
    }
  }
}
