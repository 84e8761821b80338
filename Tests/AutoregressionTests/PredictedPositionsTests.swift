import Autoregression
import Networks
import Settings
import Synchronization
import Tensors
import Testing

/// A loss that keeps the positions it is asked for.
private struct Recorder: TokenLoss {
  static let key = "recorder"
  static let about = About("Keeps the positions it is asked for.")

  /// The positions of all calls, in order.
  final class Calls: Sendable {
    let positions = Mutex<[PredictedPositions]>([])
  }
  let width: Int
  let calls = Calls()

  init(width: Int) { self.width = width }
  init(_ settings: inout Settings, of space: TokenSpace, from hidden: Int, levels: Int, _ random: inout Random)
    throws(SettingsError)
  { self.init(width: space.width) }

  func callAsFunction(_ hidden: Tensor, _ targets: Tokens, levels: Indices, _ random: inout Random) -> Tensor {
    Tensor(zeros: Array(hidden.shape[..<2]))
  }
  func sample(_ hidden: Guided, levels: Indices, at moment: Moment, _ random: inout Random) -> Draw {
    Draw(.values(Tensor(zeros: [hidden.conditional.shape[0], hidden.conditional.shape[1], width])))
  }
  func callAsFunction(_ hidden: Tensor, _ targets: Tokens, at positions: PredictedPositions, _ random: inout Random)
    -> Tensor
  {
    calls.positions.withLock { $0.append(positions) }
    return self(hidden, targets, levels: positions.levels, &random)
  }
  func sample(_ hidden: Guided, at positions: PredictedPositions, moment: Moment, _ random: inout Random) -> Draw {
    calls.positions.withLock { $0.append(positions) }
    return sample(hidden, levels: positions.levels, at: moment, &random)
  }
}

@Suite struct PredictedPositionsTests {
  /// The positions of a training step and of every turn of a generation, of one image of 2 x 2 cells.
  private func positions(_ direction: String, _ backbone: String) throws -> [PredictedPositions] {
    let codebook = Codebook(4, width: 3)
    var model = try Assembled(
      codebook, over: Grid(height: 2, width: 2), classes: 2, direction: direction,
      conditioner: "{ use: class-prefix, count: 1 }", backbone: "{ use: \(backbone), width: 8, depth: 2, heads: 2 }",
      loss: "{ use: l2 }"
    ).model
    let recorder = Recorder(width: 3)
    model.loss = recorder
    var random = Random(seed: 3, samples: [0])
    _ = model.trainingLoss(random.normal([1, 2, 2, 3], "latent"), [0], progress: 0, &random)
    _ = try model.generate([0], Guidance(), &random)
    return recorder.calls.positions.withLock { $0 }
  }

  @Test("losses receive the slots of predicted tokens, and which of them have the same inputs")
  func groups() throws {
    let raster = try positions("{ use: raster }", "decoder")
    #expect(raster.map(\.groups) == [[[0, 1, 2, 3]], [[0]], [[1]], [[2]], [[3]]])
    #expect(raster[0].slots[0] == Slot.cells(of: Grid(height: 2, width: 2)) && raster[2].slots[0][0].position == 1)
    let scales = try positions("{ use: multi-scale, scales: [1, 2] }", "decoder")
    #expect(scales.map(\.groups) == [[[0, 1, 1, 1, 1]], [[0]], [[1, 1, 1, 1]]])
    #expect(scales.map(\.levels) == scales.map(\.groups))
    let masked = try positions("{ use: masked, steps: 2 }", "encoder-decoder")
    #expect(masked.allSatisfy { $0.groups[0].allSatisfy { $0 == 0 } && $0.slots[0].count == $0.groups[0].count })
    #expect(masked.dropFirst().reduce(0) { $0 + $1.groups[0].count } == 4)
  }

  @Test("tokens of unknown positions are each alone")
  func alone() {
    let positions = PredictedPositions(alone: [[1, 0, 1]])
    #expect(positions.groups == [[0, 1, 2]] && positions.levels == [[1, 0, 1]])
  }
}
