import Autoregression
import AutoregressionTesting
import Spectra
import Tensors
import Testing

@Suite("Frequency keeps the laws")
struct FrequencyLawTests {
  static let variants = [
    "", "preset: released", "preset: paper", "levels: [0]", "levels: [0, 1, 2, 3, 4]", "levels: [0, 3, 3, 1, 2]",
    "level-sampling: per-image", "level-sampling: per-batch", "training-levels: listed, levels: [0, 2, 4]",
    "mask: { training: uniform, min-ratio: 0.1 }", "mask: { training: truncated-normal }",
    "mask: { training: level-tied }",
    "mask: { training: fixed, min-ratio: 0.5 }", "mask: { sampling: cosine }",
    "mask: { training: fixed, min-ratio: 1 }",
    "preset: released-mask",
    "levels: [0, 3, 3, 1, 2], unfiltered-steps: [1, 3]",
    "loss-weight: sine", "loss-weight: linear", "loss-weight: reversed-sine", "loss-weight: none",
    "target: next-level", "target: band", "target: band, levels: [0]",
    "target: next-level, levels: [0, 3], level-sampling: per-batch",
    "target: band, filter: dct, loss-weight: reversed-sine", "target: band, preset: released",
    "filter: butterworth, filter-order: 2, target: next-level",
    "context: all", "context: all, levels: [0]", "context: all, levels: [0, 3, 3, 1, 2], loss-weight: reversed-sine",
    "context: all, target: next-level", "context: all, target: band, filter: dct",
    "order: high-to-low", "order: high-to-low, target: next-level", "order: high-to-low, target: band",
    "order: high-to-low, context: all",
    "loss-weight: exponential", "loss-weight: sine, loss-weight-as: probability",
    "loss-weight: sine, loss-weight-as: probability, level-sampling: per-batch",
    "loss-weight: linear, loss-weight-as: probability, target: band", "mask: { training: cosine, sampling: cosine }",
  ]

  @Test("whatever its settings", arguments: variants)
  func laws(_ settings: String) throws {
    let grids = [(4, 4), (8, 8), (5, 3)].map { Grid(height: $0, width: $1) }
    for grid in grids { #expect(lawsBroken(by: try frequency(settings, over: grid)) == [], "\(grid)") }
  }

  @Test("with every filter and target", arguments: LowPass.allCases, ["full", "next-level", "band"])
  func filters(_ filter: LowPass, _ target: String) throws {
    for seed: UInt64 in 1...3 {
      let direction = try frequency("filter: \(filter.rawValue), target: \(target)")
      #expect(lawsBroken(by: direction, width: 2, batch: [1, 2, 5][Int(seed) - 1], seed: seed) == [])
    }
  }

  @Test("on a single cell and on a single row of cells")
  func smallest() throws {
    for settings in ["", "preset: released", "preset: released-mask"] {
      for grid in [Grid(height: 1, width: 1), Grid(height: 1, width: 5), Grid(height: 2, width: 2)] {
        #expect(lawsBroken(by: try frequency(settings, over: grid)) == [], "\(settings), \(grid)")
      }
    }
  }

  // A draft is exempt from honesty in training, since it shows a filtered copy of the answer on purpose. These are its
  // own laws instead.

  @Test(
    "what a level shows does not change when detail above it does",
    arguments: ["ideal", "square", "dct"], ["full", "next-level", "band"])
  func detailIsHidden(_ filter: String, _ target: String) throws {
    let direction = try frequency(
      "filter: \(filter), target: \(target), levels: [0, 1, 3, 4, 6], level-sampling: per-batch", over: side8)
    let quantizer = Identity(width: 2), lowPass = try #require(LowPass(rawValue: filter))
    var random = Random(seed: 2, samples: [0, 1])
    let image = random.normal([2, 8, 8, 2], "image"), noise = random.normal([2, 8, 8, 2], "noise")
    for (turn, level) in zip(turns(of: direction, batch: 2), [0, 1, 3, 4, 6]) {
      let detail = noise - lowPass(noise, level: level, of: 8)
      let here = inputs(direction, image, turn, quantizer), there = inputs(direction, image + detail, turn, quantizer)
      #expect(here.distance(to: there) < 1e-5, "level \(level)")
      // And it is the image filtered to that level.
      #expect(here.distance(to: lowPass(image, level: level, of: 8).reshaped([2, 64, 2])) < 1e-5, "level \(level)")
      if level > 0 { #expect(here.distance(to: inputs(direction, image + noise, turn, quantizer)) > 1e-3) }
    }
  }

  @Test(
    "level 0 shows nothing, in training and at the start of a generation", arguments: ["full", "next-level", "band"])
  func nothingAtFirst(_ target: String) throws {
    let direction = try frequency("target: \(target), levels: [0], training-levels: listed"),
      quantizer = Identity(width: 2)
    var random = Random(seed: 3, samples: [0, 1])
    let image = random.normal([2, 4, 4, 2], "image")
    let taught = direction.trainingTurn(batch: 2, progress: 0, &random)
    for turn in [taught, turns(of: direction, batch: 2)[0]] {
      #expect(inputs(direction, image, turn, quantizer).extent == 0...0)
    }
  }

  @Test("samples at levels of their own are shown what they would be shown alone", arguments: ["full", "band"])
  func mixedLevels(_ target: String) throws {
    let direction = try frequency("target: \(target), level-sampling: per-image, levels: [0, 1, 2, 3]"),
      quantizer = Identity(width: 2)
    var random = Random(seed: 4, samples: Array(0..<6))
    let image = random.normal([6, 4, 4, 2], "image"), turn = direction.trainingTurn(batch: 6, progress: 0, &random)
    let together = inputs(direction, image, turn, quantizer)
    let levels = direction.view(of: direction.canvas(of: image, by: quantizer), at: turn, by: quantizer).predictedLevels
    #expect(Set(levels.map { $0[0] }).count > 1)
    for sample in 0..<6 {
      let alone = Turn(
        slots: .perSample([turn.slots.indices(in: direction.layout.slots.count, sample: sample)]),
        levels: turn.levels.map { [$0[sample]] })
      let single = inputs(direction, image.sliced(sample..<sample + 1, axis: 0), alone, quantizer)
      // Transforms of six images and of one may round differently.
      #expect(together.sliced(sample..<sample + 1, axis: 0).distance(to: single) < 1e-6)
    }
  }

  @Test("bands add up to the image, set by set")
  func bandsTelescope() throws {
    let direction = try frequency("target: band, levels: [0, 2, 3, 6]", over: side8), quantizer = Identity(width: 2)
    var random = Random(seed: 5, samples: [0])
    let image = random.normal([1, 8, 8, 2], "image"), canvas = direction.canvas(of: image, by: quantizer)
    for (set, level) in [2, 3, 6, 8].enumerated() {
      let known = direction.latent(of: canvas, through: set, by: quantizer)
      #expect(known.distance(to: LowPass.ideal(image, level: level, of: 8)) < 5e-6)
    }
  }

  @Test("what quantizing lost in a band is asked for in the next")
  func residual() throws {
    let direction = try frequency("target: band, levels: [0, 2, 3]")
    var random = Random(seed: 6, samples: [0])
    let image = random.normal([1, 4, 4, 2], "image"), quantizer = Rounding(space: TokenSpace(width: 2, vocabulary: 41))
    let canvas = direction.canvas(of: image, by: quantizer)
    // Only the last band's rounding remains: half of a half.
    #expect(direction.latent(of: canvas, by: quantizer).distance(to: image) <= 0.25 + 1e-5)
    #expect(canvas.codes?.first?.count == 48)
  }

  private let side8 = Grid(height: 8, width: 8)

  private func inputs(_ direction: any RegressionDirection, _ image: Tensor, _ turn: Turn, _ by: Identity) -> Tensor {
    direction.inputs(of: direction.canvas(of: image, by: by), at: turn, by: by).values
  }
}

/// Values rounded to halves; the code of a token is that of its first value.
private struct Rounding: Quantizer {
  let space: TokenSpace

  func tokens(nearest values: Tensor) -> Tokens {
    let rounded = values.scalars.map { ($0 * 2).rounded() / 2 }, (batch, rows) = (values.shape[0], values.shape[1])
    let codes = (0..<batch).map { sample in
      (0..<rows).map { Int(rounded[(sample * rows + $0) * space.width] * 2) + 20 }
    }
    return Tokens(values: Tensor(values.shape, rounded), codes: codes)
  }

  func tokens(coded codes: Indices) -> Tokens { preconditionFailure("not asked for here") }
}
