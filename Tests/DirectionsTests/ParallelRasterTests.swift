import Autoregression
import AutoregressionTesting
import Settings
import Tensors
import Testing

@Suite("Parallel raster")
struct ParallelRasterTests {
  private func parallel(_ regions: Int, _ grid: Grid = Grid(height: 4, width: 4)) throws -> any RegressionDirection {
    try direction("{ use: parallel-raster, regions: \(regions) }", over: grid)
  }

  @Test("keeps the laws, whatever the grid and its regions")
  func laws() throws {
    for (grid, regions) in [
      (Grid(height: 4, width: 4), 1), (Grid(height: 4, width: 4), 2), (Grid(height: 4, width: 4), 4),
      (Grid(height: 2, width: 6), 2), (Grid(height: 6, width: 3), 3), (Grid(height: 1, width: 5), 1),
    ] {
      for seed: UInt64 in 1...3 {
        #expect(lawsBroken(by: try parallel(regions, grid), batch: Int(seed), seed: seed) == [], "\(grid), \(regions)")
      }
    }
  }

  @Test("predicts the first token of each region alone, then one of every region a turn")
  func order() throws {
    let answers = turns(of: try parallel(2)).map { $0.predictedSlots(of: 16, batch: 1).indices(in: 16, sample: 0) }
    #expect(answers == [[0], [2], [8], [10], [1, 3, 9, 11], [4, 6, 12, 14], [5, 7, 13, 15]])
    #expect(turns(of: try parallel(2, Grid(height: 16, width: 16))).count == 67)
    #expect(turns(of: try parallel(4, Grid(height: 16, width: 16))).count == 31)
    let one = turns(of: try parallel(1)).map { $0.predictedSlots(of: 16, batch: 1).indices(in: 16, sample: 0) }
    #expect(one == (0..<16).map { [$0] })
  }

  @Test("a position is fed the token before it in its region, the first tokens one another")
  func inputs() throws {
    let direction = try parallel(2), latent = Tensor([1, 4, 4, 1], (0..<16).map(Float.init))
    var random = Random(seed: 1, samples: [0])
    let turn = direction.trainingTurn(batch: 1, progress: 0, &random)
    let fed = direction.inputs(
      of: direction.canvas(of: latent, by: Identity(width: 1)), at: turn, by: Identity(width: 1))
    #expect(fed.values.scalars.dropFirst() == [0, 2, 8, 0, 2, 8, 10, 1, 3, 9, 11, 4, 6, 12, 14])
  }

  @Test("without its groups, or fed the tokens of its own turn, it breaks laws")
  func mutants() throws {
    let open = Mutant(of: try parallel(2)) { $0.relaid = { $0.groups = $0.groups.map { _ in 0 } } }
    #expect(lawsBroken(by: open) == ["settled positions still open", "training peeks"])
    let late = Mutant(of: try parallel(2)) {
      $0.fed = { _, turn, canvas in
        let slots = turn.slots.indices(in: 16, batch: 2)
        return canvas[.perSample(slots.map { slots in slots.indices.map { slots[max(0, $0 - 1)] } })].values
      }
    }
    #expect(lawsBroken(by: late) == ["generation peeks", "training and generation differ", "training peeks"])
  }

  @Test("regions that do not divide the grid are refused")
  func refusal() {
    do {
      _ = try parallel(3)
      Issue.record("no error")
    } catch {
      #expect(
        "\(error)".hasPrefix(
          "experiment.yaml:1:25: a grid of 4x4 has no 3 equal regions along each side; 'regions' must divide both."))
    }
  }
}
