import Autoregression
import AutoregressionTesting
import Settings
import Tensors
import Testing

@Suite("Raster")
struct RasterTests {
  static let orders = [
    "raster", "snake", "z-curve", "spiral-in", "spiral-out", "subsample", "halton", "random",
  ]
  static let grids = [(4, 4), (5, 3), (2, 6), (1, 1), (1, 5), (7, 1)].map { Grid(height: $0, width: $1) }

  private func raster(_ settings: String = "", over grid: Grid = Grid(height: 4, width: 4)) throws
    -> any RegressionDirection
  {
    try direction("{ use: raster\(settings.isEmpty ? "" : ", \(settings)") }", over: grid)
  }

  /// In what order a generation asks for the cells.
  private func cells(_ order: String, _ grid: Grid) throws -> [Int] {
    turns(of: try raster("order: \(order)", over: grid)).map {
      $0.predictedSlots(of: grid.count, batch: 1).indices(in: 1, sample: 0)[0]
    }
  }

  @Test("keeps the laws in every order", arguments: orders)
  func laws(_ order: String) throws {
    for grid in Self.grids {
      for seed: UInt64 in 1...3 {
        #expect(
          lawsBroken(by: try raster("order: \(order)", over: grid), batch: [1, 2, 5][Int(seed) - 1], seed: seed) == [],
          "\(grid)")
      }
    }
  }

  @Test("keeps the laws while random orders fade", arguments: ["{ from: 0.5, to: 0.75 }", "{ from: 1 }", "{ to: 1 }"])
  func annealedLaws(_ anneal: String) throws {
    for scan in ["raster", "spiral-out"] {
      #expect(lawsBroken(by: try raster("order: \(scan), anneal: \(anneal)", over: Self.grids[1])) == [])
    }
  }

  @Test("every order visits every cell once", arguments: orders)
  func complete(_ order: String) throws {
    for grid in Self.grids + [Grid(height: 16, width: 16), Grid(height: 24, width: 10)] {
      #expect(try cells(order, grid).sorted() == Array(0..<grid.count), "\(grid)")
    }
  }

  @Test("the orders are what their names say")
  func namedOrders() throws {
    func cells(_ order: String, _ height: Int, _ width: Int) throws -> [Int] {
      try self.cells(order, Grid(height: height, width: width))
    }
    #expect(try cells("snake", 3, 3) == [0, 1, 2, 5, 4, 3, 6, 7, 8])
    #expect(try cells("z-curve", 4, 4) == [0, 1, 4, 5, 2, 3, 6, 7, 8, 9, 12, 13, 10, 11, 14, 15])
    #expect(try cells("z-curve", 2, 3) == [0, 1, 3, 4, 2, 5])
    #expect(try cells("spiral-in", 3, 4) == [11, 7, 3, 2, 1, 0, 4, 8, 9, 10, 6, 5])
    #expect(try cells("spiral-out", 3, 4) == [5, 6, 10, 9, 8, 4, 0, 1, 2, 3, 7, 11])
    #expect(try cells("subsample", 3, 5) == [0, 4, 2, 10, 14, 12, 1, 3, 11, 13, 5, 9, 7, 6, 8])
    // (1/2, 1/3), (1/4, 2/3), (3/4, 1/9), (1/8, 4/9) ... each in the cell in which it lies.
    #expect(try cells("halton", 4, 3) == [7, 5, 9, 1, 8, 3, 10, 2, 6, 4, 11, 0])
  }

  @Test("the orders are those of the released code", arguments: ReleasedOrder.all)
  func releasedOrders(_ released: ReleasedOrder) throws {
    let side = released.cells.count == 16 ? 4 : 8
    #expect(try cells(released.name, Grid(height: side, width: side)) == released.cells)
  }

  @Test("an order may be listed, if it names every cell once")
  func listed() throws {
    let grid = Grid(height: 2, width: 2), order = [3, 1, 0, 2]
    let listed = try raster("order: \(order)", over: grid)
    #expect(lawsBroken(by: listed) == [])
    #expect(try cells("\(order)", grid) == order)
    for wrong in ["[0, 1, 2]", "[0, 1, 2, 2]", "[1, 2, 3, 4]", "[]"] {
      #expect(throws: SettingsError.self) { try raster("order: \(wrong)", over: grid) }
    }
  }

  @Test("a random order differs between images, and lasts for a generation")
  func drawn() throws {
    let order = turns(of: try raster("order: random"), batch: 2).map { $0.predictedSlots(of: 16, batch: 2) }
    let orders = (0..<2).map { sample in order.map { $0.indices(in: 16, sample: sample)[0] } }
    #expect(orders.allSatisfy { $0.sorted() == Array(0..<16) } && orders[0] != orders[1])
  }

  @Test("training is random before, mixed between and in order after the fractions of 'anneal'")
  func annealing() throws {
    let direction = try raster("anneal: { from: 0.5, to: 0.75 }")
    func random(at progress: Float) -> Float {
      let steps = 200
      let ordered = (0..<steps).map { step in
        var random = Random(seed: 5, step: step, samples: [0, 1])
        return direction.trainingTurn(batch: 2, progress: progress, &random).slots.indices(in: 16, batch: 2)
          .count { $0 == Array(0..<16) }
      }
      return 1 - Float(ordered.reduce(0, +)) / Float(2 * steps)
    }
    #expect(random(at: 0) == 1 && random(at: 0.499) == 1 && random(at: 0.75) == 0 && random(at: 1) == 0)
    // 400 fair coins: 5 standard deviations of 0.025
    #expect(abs(random(at: 0.625) - 0.5) < 0.125)
  }

  @Test("what is given is never predicted, and in random order comes first")
  func pinned() throws {
    for (order, cells) in [("raster", [1, 2, 4, 5]), ("random", [2, 3, 4, 5])] {
      let direction = try raster("order: \(order)", over: Grid(height: 2, width: 3))
      var random = Random(seed: 4, samples: [0, 1]), past = Past(pinned: [0, 3]), predicted: [Int] = []
      while let turn = direction.turn(after: past, batch: 2, &random) {
        predicted.append(turn.predicted.indices(in: 6, sample: 1)[0])
        #expect(turn.moment.steps == 4 && turn.settled == past.last?.slots.count(in: 6) ?? 0)
        past.last = turn
      }
      #expect(predicted == cells)
    }
  }

  @Test("says what it cannot do")
  func refusals() {
    #expect(throws: SettingsError.self) { try raster("anneal: { from: 0.5, to: 0.25 }") }
    #expect(throws: SettingsError.self) { try raster("order: random, anneal: { to: 0.5 }") }
  }
}
