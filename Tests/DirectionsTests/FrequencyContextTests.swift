import Autoregression
import Glibc
import Spectra
import Tensors
import Testing

@Suite("Controls and contexts of frequency")
struct FrequencyContextTests {
  private let side8 = Grid(height: 8, width: 8)
  private let quantizer = Identity(width: 2)

  private func image(_ batch: Int = 2) -> Tensor {
    var random = Random(seed: 7, samples: Array(0..<batch))
    return random.normal([batch, 8, 8, 2], "image")
  }

  @Test("with all levels as context a turn sees, level by level, what each draft so far showed at its level")
  func allLevels() throws {
    let levels = [0, 2, 5], direction = try frequency("context: all, levels: \(levels)", over: side8)
    var random = Random(seed: 8, samples: [0, 1])
    // Drafts that differ from set to set, as those of a generation do.
    let canvas = Tokens(values: random.normal([2, 3 * 64, 2], "drafts")), turns = turns(of: direction, batch: 2)
    #expect(turns.map { $0.settled } == [0, 64, 128])
    for (number, turn) in turns.enumerated() {
      let view = direction.view(of: canvas, at: turn, by: quantizer)
      #expect(view.length == (number + 1) * 64 && view.predicted[0] == Array(number * 64..<(number + 1) * 64))
      #expect(view.groups == (0...number).flatMap { Array(repeating: $0, count: 64) })
      for set in 0...number {
        let shown = view.inputs.values.sliced(set * 64..<(set + 1) * 64, axis: 1)
        guard set > 0 else {
          #expect(shown.extent == 0...0)
          continue
        }
        let draft = canvas.values.sliced((set - 1) * 64..<set * 64, axis: 1).reshaped([2, 8, 8, 2])
        let expected = LowPass.ideal(draft, level: levels[set], of: 8).reshaped([2, 64, 2])
        #expect(shown.distance(to: expected) < 1e-6)
      }
    }
  }

  @Test("with all levels as context every set answers the full latent, and the last one is the image")
  func fullTargets() throws {
    let direction = try frequency("context: all, levels: [0, 2, 5]", over: side8), image = image()
    let canvas = direction.canvas(of: image, by: quantizer)
    for set in 0..<3 {
      #expect(direction.latent(of: canvas, through: set, by: quantizer).distance(to: image) == 0)
    }
    var random = Random(seed: 1, samples: [0, 1])
    let turn = direction.trainingTurn(batch: 2, progress: 0, &random)
    let view = direction.view(of: canvas, at: turn, by: quantizer)
    #expect(view.length == 192 && view.shown[0] == Array(64..<192) && view.predicted[0] == Array(0..<192))
  }

  @Test("its weights are those of the levels, a set after the other")
  func setWeights() throws {
    let direction = try frequency("context: all, loss-weight: linear, levels: [0, 3, 7]", over: side8)
    var random = Random(seed: 1, samples: [0, 1])
    let weights = direction.trainingTurn(batch: 2, progress: 0, &random).weights
    let set: [Float] = [1.125, 1.5, 2]
    #expect(weights?.shape == [2, 192])
    #expect(weights?.scalars == (0..<2).flatMap { _ in set.flatMap { Array(repeating: $0, count: 64) } })
  }

  @Test("high frequencies first: a level shows what the low ones leave out, and nothing and everything at the ends")
  func reversed() throws {
    let direction = try frequency("order: high-to-low, levels: [0, 3, 6], level-sampling: per-batch", over: side8),
      image = image()
    let canvas = direction.canvas(of: image, by: quantizer)
    for (turn, level) in zip(turns(of: direction, batch: 2), [0, 3, 6]) {
      let shown = direction.inputs(of: canvas, at: turn, by: quantizer).values
      let expected = image - LowPass.ideal(image, level: 8 - level, of: 8)
      #expect(shown.distance(to: expected.reshaped([2, 64, 2])) < 1e-6)
      if level == 0 { #expect(shown.extent == 0...0) }
    }
    let whole = Turn(levels: [8])
    #expect(direction.inputs(of: canvas, at: whole, by: quantizer).values.distance(to: canvas.values) < 1e-6)
  }

  @Test(
    "levels drawn by importance come as often as they weigh, and then weigh the same",
    arguments: ["per-batch", "per-image"])
  func importance(_ draw: String) throws {
    let direction = try frequency(
      "loss-weight: reversed-sine, loss-weight-as: probability, level-sampling: \(draw)", over: side8)
    var counts = Array(repeating: 0.0, count: 8), total = 0.0
    for step in 0..<4000 {
      var random = Random(seed: 2, step: step, samples: [0, 1])
      let turn = direction.trainingTurn(batch: 2, progress: 0, &random)
      #expect(turn.weights == nil && turn.levels?.count == (draw == "per-batch" ? 1 : 2))
      for level in turn.levels ?? [] {
        counts[level] += 1
        total += 1
      }
    }
    let weights = (0..<8).map { 1 + sin(.pi / 2 * Double(8 - $0) / 8) }, sum = weights.reduce(0, +)
    // Four deviations of a count.
    for level in 0..<8 {
      let probability = weights[level] / sum
      #expect(
        abs(counts[level] / total - probability) < 4 * (probability * (1 - probability) / total).squareRoot(),
        "level \(level)")
    }
  }
}
