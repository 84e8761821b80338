import Autoregression
import FixtureSupport
import Tensors
import Testing

/// The released code's inputs, masks and levels, replayed on its own numbers.
@Suite("Frequency is the released FAR")
struct FrequencyParityTests {
  private let file: Fixture
  private let grid: Grid
  private let quantizer: Identity
  private var count: Int { grid.count }

  init() throws {
    file = try Fixture("far")
    let side = try file.sizes("latent_hw")[0]
    grid = Grid(height: side, width: side)
    quantizer = Identity(width: try file.sizes("vae_embed_dim")[0])
  }

  /// The cases of a kind with the level of each.
  private func cases(_ kind: String) throws -> [(name: String, level: Int)] {
    let names = file.names("outputs").filter { $0.hasPrefix(kind) }
    #expect(!names.isEmpty)
    return try names.map { ($0, try file.ints("inputs/\($0)/level")[0]) }
  }

  /// The direction as released, drawing `level`.
  private func taught(_ level: Int, mask: String, _ recorded: [String: [Tensor]]) throws -> (
    any RegressionDirection, Turn
  ) {
    let direction = try frequency("preset: released, mask: { \(mask) }", over: grid)
    let fraction = (Float(level) + 0.5) / Float(grid.height), batch = try file.sizes("batch")[0]
    var random = Random(
      replaying: recorded.merging(["level": [Tensor(fraction)]]) { $1 }, samples: Array(0..<batch))
    return (direction, direction.trainingTurn(batch: batch, progress: 0, &random))
  }

  @Test("a training turn shows what the released encoder is fed")
  func training() throws {
    let latent = try file.images("inputs/forward/latents")
    for (name, level) in try cases("nomask_level") {
      let (direction, turn) = try taught(level, mask: "training: none", [:])
      let canvas = direction.canvas(of: latent, by: quantizer),
        view = direction.view(of: canvas, at: turn, by: quantizer)
      let wanted = "outputs/\(name)/tokens_in"
      #expect(turn.levels == [level] && turn.shown == .all && turn.predicted == .all)
      let distance = view.inputs.values.distance(to: try file.tensor(wanted)), allowed = try file.tolerance(wanted)
      #expect(distance <= allowed, "\(name)")
      #expect(view.predictedLevels.allSatisfy { $0 == Array(repeating: level, count: count) })
    }
  }

  @Test("a masked training turn hides the places that the released code hides")
  func maskedTraining() throws {
    let latent = try file.images("inputs/forward/latents"), orders = try file.tensor("inputs/forward/orders")
    let hidden = try file.ints("inputs/forward/num_masked")[0]
    for (name, level) in try cases("mask_level") {
      let mask = "training: fixed, min-ratio: \(Double(hidden) / Double(count))"
      let (direction, turn) = try taught(level, mask: mask, ["order": [orders]])
      let inputs = direction.inputs(of: direction.canvas(of: latent, by: quantizer), at: turn, by: quantizer).values
      let wanted = "outputs/\(name)/tokens_in"
      let distance = inputs.distance(to: try file.tensor(wanted)), allowed = try file.tolerance(wanted)
      #expect(distance <= allowed, "\(name)")
      #expect(turn.predicted == .all)
      let shown = try unmasked("outputs/\(name)/mask")
      #expect(turn.shown.indices(in: count, batch: latent.shape[0]) == shown)
    }
  }

  @Test("a generation shows what the released sampler shows, turn by turn")
  func sampling() throws {
    let levels = try file.sizes("far_levels")
    try replay("sample_nomask", "preset: released, levels: \(levels)", levels: levels)
  }

  @Test("a masked generation shows what the released mask sampler shows, turn by turn")
  func maskedSampling() throws {
    let levels = try file.sizes("far_mask_levels")
    try replay("sample_mask", "preset: released-mask, levels: \(levels)", levels: levels)
  }

  /// Puts the recorded estimates on the canvas and compares what is shown before each.
  private func replay(_ name: String, _ settings: String, levels: [Int]) throws {
    let direction = try frequency(settings, over: grid)
    let orders = try file.tensor("inputs/sampling/orders"), batch = orders.shape[0]
    let random = Random(replaying: ["order": [orders]], samples: Array(0..<batch))
    let turns = turns(of: direction, batch: batch, random)
    #expect(turns.count == levels.count)
    var canvas = Tokens.zeros(batch, count, quantizer.space)
    for (step, turn) in turns.enumerated() {
      let wanted = "outputs/\(name)/step\(step)/tokens_in", fed = try file.tensor(wanted)
      let view = direction.view(of: canvas, at: turn, by: quantizer), shown = view.shown
      // Of hidden positions the released code keeps zeros and we keep whatever: neither is looked at.
      let distance = view.inputs.values.gathered(shown).distance(to: fed.gathered(shown))
      let allowed = try file.tolerance(wanted)
      #expect(distance <= allowed, "step \(step)")
      if file.has("outputs/\(name)/step\(step)/mask") {
        let unmasked = try unmasked("outputs/\(name)/step\(step)/mask")
        #expect(shown == unmasked, "step \(step)")
      }
      let index = try file.doubles("outputs/\(name)/step\(step)/index")[0]
      #expect(view.predictedLevels.allSatisfy { $0.allSatisfy { Double($0) == index } })
      #expect(turn.predicted == .all && turn.moment.progress == Float(step) / Float(levels.count))
      // Conditional half first; the other half is not used.
      let sampled = try file.tensor("outputs/\(name)/step\(step)/sampled")
      let estimate = sampled.sliced(0..<batch * count, axis: 0).reshaped([batch, count, quantizer.space.width])
      canvas[turn.predicted] = quantizer.tokens(nearest: estimate)
    }
    let result = try file.images("outputs/\(name)/latents")
    let allowed = try file.tolerance("outputs/\(name)/latents")
    #expect(direction.latent(of: canvas, by: quantizer).distance(to: result) <= allowed)
  }

  /// The positions where a mask [batch, positions] of 0 and 1 is 0.
  private func unmasked(_ name: String) throws -> Indices {
    let mask = try file.tensor(name), scalars = mask.scalars
    return (0..<mask.shape[0]).map { sample in (0..<count).filter { scalars[sample * count + $0] == 0 } }
  }

  @Test("the frequency-aware weights are those of the released table")
  func weights() throws {
    let wanted = try file.doubles("outputs/loss_weight")
    let direction = try frequency("preset: released, loss-weight: sine", over: grid)
    for (level, wanted) in wanted.enumerated() {
      var random = Random(
        replaying: ["level": [Tensor((Float(level) + 0.5) / Float(grid.height))]], samples: [0])
      let weights = direction.trainingTurn(batch: 1, progress: 0, &random).weights
      #expect(abs(Double(weights?.scalars.first ?? 0) - wanted) < 1e-6)
    }
  }
}
