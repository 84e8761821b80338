import Autoregression
import AutoregressionTesting
import Glibc
import Settings
import Tensors
import Testing

func masked(_ settings: String = "", over grid: Grid = Grid(height: 4, width: 4)) throws -> any RegressionDirection {
  try direction("{ use: masked\(settings.isEmpty ? "" : ", \(settings)") }", over: grid)
}

@Suite("Masked")
struct MaskedTests {
  static let schedules = ["cosine", "linear", "square", "cubic", "sqrt", "arccos", "log", "exp"]
  static let grids = [(4, 4), (5, 3), (2, 7), (1, 1), (1, 2), (6, 1)].map { Grid(height: $0, width: $1) }

  @Test(
    "keeps the laws, whatever its settings",
    arguments: [
      "", "steps: all", "reveal: confident", "reveal: confident, choice-temperature: 0", "mask-ratio: schedule",
      "mask-ratio: schedule, schedule: log, loss-on: all", "mask-ratio: fixed", "loss-on: all",
      "loss-on: all, unmasked-loss-weight: 0",
      "min-mask-ratio: 0",
      "min-mask-ratio: 1", "order: raster", "order: halton", "order: spiral-out, steps: all",
      "reveal: confident, steps: all, loss-on: all, mask-ratio: schedule",
      "mask-ratio: schedule, min-mask-ratio: 0.5", "mask-ratio-sampling: per-image",
      "mask-ratio: schedule, mask-ratio-sampling: per-image", "loss-on: all, mask-ratio-sampling: per-image",
    ])
  func laws(_ settings: String) throws {
    for grid in Self.grids {
      for seed: UInt64 in 1...3 {
        #expect(
          lawsBroken(by: try masked(settings, over: grid), batch: [1, 2, 5][Int(seed) - 1], seed: seed) == [], "\(grid)"
        )
      }
    }
  }

  @Test("every schedule asks for every token once, in as many turns as wanted", arguments: schedules)
  func complete(_ schedule: String) throws {
    for grid in Self.grids + [Grid(height: 8, width: 8), Grid(height: 16, width: 16)] {
      for steps in Set([1, 2, 3, 7, 8, 12, 63, 64, grid.count - 1, grid.count]) where 1...grid.count ~= steps {
        let direction = try masked("schedule: \(schedule), steps: \(steps)", over: grid)
        var asked = Array(repeating: [Int](), count: 2), shown: [[Int]] = [[], []]
        let all = turns(of: direction, batch: 2)
        for turn in all {
          for sample in 0..<2 {
            let now = turn.predicted.indices(in: grid.count, sample: sample)
            #expect(!now.isEmpty && turn.shown.indices(in: grid.count, sample: sample) == asked[sample].sorted())
            asked[sample] += now
          }
        }
        shown = asked.map { $0.sorted() }
        #expect(all.count == steps && shown == [Array(0..<grid.count), Array(0..<grid.count)])
      }
    }
  }

  @Test("MAR's counts, one by one: max(1, min(left - 1, floor(N cos))) and at last the rest")
  func counts() throws {
    for (side, steps) in [(16, 64), (16, 256), (16, 1), (8, 7), (8, 64), (5, 25)] {
      let count = side * side, all = turns(of: try masked("steps: \(steps)", over: Grid(height: side, width: side)))
      var left = count
      for (step, turn) in all.enumerated() {
        let planned = floor(Double(count) * cos(.pi / 2 * Double(step + 1) / Double(steps)))
        let next = max(1, min(left - 1, Int(planned)))
        let progress = Float(count - next) / Float(count)
        #expect(turn.predicted.count(in: count) == (step == steps - 1 ? left : left - next))
        #expect(abs(turn.moment.progress - progress) < 1e-6)
        left = next
      }
      #expect(all.count == steps)
    }
  }

  @Test("with a step for every token, turns ask for one each", arguments: ["cosine", "linear", "exp", "sqrt", "log"])
  func oneByOne(_ schedule: String) throws {
    let all = turns(of: try masked("steps: all, schedule: \(schedule)"))
    #expect(all.map { $0.predicted.count(in: 16) } == Array(repeating: 1, count: 16))
  }

  @Test("schedules are MaskGIT's formulas")
  func formulas() throws {
    // After the first of two turns over 64 tokens.
    for (schedule, left) in [
      ("cosine", 45), ("linear", 32), ("square", 48), ("cubic", 56), ("sqrt", 18), ("arccos", 42), ("log", 10),
      ("exp", 56),
    ] {
      let direction = try masked("schedule: \(schedule), steps: 2", over: Grid(height: 8, width: 8))
      #expect(turns(of: direction)[1].predicted.count(in: 64) == left, "\(schedule)")
    }
  }

  @Test("a listed order is the order in which tokens become known")
  func ordered() throws {
    let asked = turns(of: try masked("order: raster, steps: 4, schedule: linear")).map {
      $0.predicted.indices(in: 16, sample: 0)
    }
    #expect(asked == [Array(0..<4), Array(4..<8), Array(8..<12), Array(12..<16)])
  }

  @Test("the surest are kept, and chance fades with the turns")
  func confident() throws {
    /// Which cells are known after the first of some turns, when cell i is drawn with log-probability i.
    func kept(_ settings: String, seed: UInt64) throws -> [Int] {
      let direction = try masked("reveal: confident, schedule: linear, \(settings)")
      #expect(direction.needsConfidence)
      var random = Random(seed: seed, samples: [0])
      let first = try #require(direction.turn(after: Past(), batch: 1, &random))
      #expect(first.predicted.indices(in: 16, sample: 0) == Array(0..<16) && first.shown.count(in: 16) == 0)
      let past = Past(last: first, confidence: Tensor([1, 16], (0..<16).map(Float.init)))
      let next = try #require(direction.turn(after: past, batch: 1, &random))
      #expect(
        (next.shown.indices(in: 16, sample: 0) + next.predicted.indices(in: 16, sample: 0)).sorted() == Array(0..<16))
      return next.shown.indices(in: 16, sample: 0)
    }
    #expect(try kept("steps: 4, choice-temperature: 0", seed: 1) == [12, 13, 14, 15])
    let free = try (1...20).map { try kept("steps: 4, choice-temperature: 20", seed: $0) }
    #expect(Set(free).count > 10 && free.allSatisfy { $0.count == 4 })
    // Before the last turn hardly any chance is left.
    let direction = try masked("reveal: confident, schedule: linear, steps: 16, choice-temperature: 1")
    var random = Random(seed: 1, samples: [0])
    let last = Turn(Moment(step: 14, steps: 16), shown: .range(2..<16), predicted: .range(0..<2))
    for _ in 0..<20 {
      let past = Past(last: last, confidence: Tensor([1, 2], [4, 0]))
      #expect(direction.turn(after: past, batch: 1, &random)?.predicted == .perSample([[1]]))
    }
  }

  @Test("what is given is shown from the start and never asked")
  func pinned() throws {
    for settings in ["steps: 3", "steps: 16", "order: raster", "reveal: confident, steps: 3"] {
      let direction = try masked(settings), given = [0, 5, 6]
      var random = Random(seed: 4, samples: [0, 1]), past = Past(pinned: given), count = 0
      while let turn = direction.turn(after: past, batch: 2, &random) {
        for sample in 0..<2 {
          #expect(Set(given).isSubset(of: turn.shown.indices(in: 16, sample: sample)))
          #expect(Set(given).isDisjoint(with: turn.predicted.indices(in: 16, sample: sample)))
        }
        #expect(turn.moment.steps == (settings.contains("3") ? 3 : 13))
        past.last = turn
        count += 1
      }
      #expect(count == (settings.contains("3") ? 3 : 13))
    }
    var random = Random(seed: 4, samples: [0])
    #expect(try masked().turn(after: Past(pinned: Array(0..<16)), batch: 1, &random) == nil)
  }

  @Test("training hides at least the least fraction, or what the schedule leaves")
  func fractions() throws {
    func hidden(_ settings: String) throws -> [Int] {
      let direction = try masked(settings, over: Grid(height: 10, width: 10))
      return (0..<300).map { step in
        var random = Random(seed: 3, step: step, samples: [0])
        let turn = direction.trainingTurn(batch: 1, progress: 0, &random)
        #expect(turn.shown.count(in: 100) + turn.predicted.count(in: 100) == 100)
        return turn.predicted.count(in: 100)
      }
    }
    let truncated = try hidden("")
    #expect(truncated.allSatisfy { (70...100).contains($0) } && truncated.contains { $0 < 75 })
    #expect(Set(try hidden("min-mask-ratio: 1")) == [100])
    #expect(Set(try hidden("mask-ratio: fixed, min-mask-ratio: 0.4")) == [40])
    let linear = try hidden("mask-ratio: schedule, schedule: linear"), cosine = try hidden("mask-ratio: schedule")
    // The means are 1/2 and 2/pi; of 300 draws, within 5 standard deviations of at most 0.31 / sqrt(300).
    #expect(abs(Double(linear.reduce(0, +)) / 30_000 - 0.5) < 0.09)
    #expect(abs(Double(cosine.reduce(0, +)) / 30_000 - 2 / .pi) < 0.09)
    #expect(linear.contains { $0 < 10 } && linear.allSatisfy { $0 > 0 })
  }

  @Test("with all answered, what is shown weighs as said and the mean is the weighted one")
  func weights() throws {
    let direction = try masked("loss-on: all, unmasked-loss-weight: 0.25, min-mask-ratio: 0")
    var random = Random(seed: 6, samples: [0, 1])
    let turn = direction.trainingTurn(batch: 2, progress: 0, &random), weights = try #require(turn.weights)
    #expect(turn.predicted == .all && abs(weights.mean.scalars[0] - 1) < 1e-6)
    for sample in 0..<2 {
      let shown = Set(turn.shown.indices(in: 16, sample: sample))
      let of = (0..<16).map { weights.scalars[sample * 16 + $0] }
      let heavy = of.max() ?? 0
      #expect(!shown.isEmpty && (0..<16).allSatisfy { abs(of[$0] - (shown.contains($0) ? heavy / 4 : heavy)) < 1e-6 })
    }
  }

  @Test("the smallest mask ratio bounds the time of a schedule, as in GIVT")
  func leastOfSchedule() throws {
    func hidden(_ settings: String) throws -> [Int] {
      let direction = try masked("mask-ratio: schedule\(settings)", over: Grid(height: 10, width: 10))
      return (0..<100).map { step in
        var random = Random(seed: 3, step: step, samples: [0])
        return direction.trainingTurn(batch: 1, progress: 0, &random).predicted.count(in: 100)
      }
    }
    let free = try hidden("")
    #expect(free.contains { $0 < 20 })
    let bounded = try hidden(", min-mask-ratio: 0.5")
    // cos(pi/4) of 100, and the median is that of a time of 1/4.
    #expect(bounded.allSatisfy { (71...100).contains($0) } && bounded.contains { $0 < 75 })
    #expect(abs(bounded.sorted()[50] - 93) < 3)
    let linear = try hidden(", schedule: linear, min-mask-ratio: 0.5")
    #expect(linear.allSatisfy { (50...100).contains($0) } && linear.contains { $0 < 55 })
  }

  @Test("a ratio per image hides a number of its own of each, and the loss is the mean over all that is hidden")
  func ratioPerImage() throws {
    for ratio in ["schedule", "truncated-normal"] {
      let settings = "mask-ratio: \(ratio), min-mask-ratio: 0.2, mask-ratio-sampling: per-image"
      let direction = try masked(settings, over: Grid(height: 10, width: 10))
      #expect(!direction.showsEqually)
      var random = Random(seed: 5, samples: Array(0..<8)), alone = Random(seed: 5, samples: [3])
      let turn = direction.trainingTurn(batch: 8, progress: 0, &random)
      let shown = turn.shown.indices(in: 100, batch: 8), hidden = shown.map { 100 - $0.count }
      #expect(turn.predicted == .all && Set(hidden).count > 4 && hidden.allSatisfy { $0 >= 20 })
      // An image has its ratio in any batch.
      #expect(direction.trainingTurn(batch: 1, progress: 0, &alone).shown.indices(in: 100, sample: 0) == shown[3])
      let weight = 800 / Float(hidden.reduce(0, +)), weights = try #require(turn.weights).scalars
      for sample in 0..<8 {
        for cell in 0..<100 {
          #expect(weights[sample * 100 + cell] == (shown[sample].contains(cell) ? 0 : weight))
        }
      }
    }
    #expect(try masked("mask-ratio: schedule").showsEqually)
  }

  @Test("says what it cannot do")
  func refusals() throws {
    for (settings, sentence) in [
      ("steps: 99", "direction 'masked' cannot take 99 steps over 16 slots; use 16 or fewer."),
      ("steps: 0", "a generation takes at least 1 step, not 0."),
      ("reveal: confident, order: raster", "'order'"),
      ("mask-ratio: fixed, mask-ratio-sampling: per-image", "there is no setting 'mask-ratio-sampling'"),
    ] {
      let error = try #require(throws: SettingsError.self) { try masked(settings) }
      #expect("\(error)".contains(sentence))
    }
  }
}
