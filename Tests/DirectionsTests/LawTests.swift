import Autoregression
import AutoregressionTesting
import Settings
import Tensors
import Testing

@Suite("Laws of directions")
struct LawTests {
  @Test("a sound direction breaks none, whatever the seed")
  func sound() {
    for seed: UInt64 in 1...3 { #expect(lawsBroken(by: Rows(), seed: seed) == []) }
    #expect(lawsBroken(by: Rows(Grid(height: 2, width: 3)), width: 1) == [])
    #expect(lawsBroken(by: Mutant { _ in }) == [], "a mutant with nothing wrong")
  }

  @Test("the token that a position predicts must not be its input")
  func targetAsInput() {
    let mutant = Mutant { $0.fed = { _, turn, canvas in canvas[turn.slots].values } }
    #expect(lawsBroken(by: mutant) == ["generation peeks", "training and generation differ", "training peeks"])
  }

  @Test("without groups every position sees later targets")
  func noGroups() {
    let mutant = Mutant { $0.relaid = { $0.groups = $0.groups.map { _ in 0 } } }
    #expect(lawsBroken(by: mutant) == ["settled positions still open", "training peeks"])
  }

  @Test("a band must not be shown itself")
  func bandShownItself() throws {
    let mutant = Mutant(of: try frequency("target: band")) {
      $0.fed = { _, turn, canvas in canvas[turn.slots].values }
    }
    #expect(lawsBroken(by: mutant) == ["generation peeks", "training and generation differ", "training peeks"])
  }

  @Test("a draft must not be shown before there is one")
  func draftTooEarly() throws {
    let mutant = Mutant(of: try frequency()) { $0.fed = { _, _, canvas in canvas.values } }
    #expect(lawsBroken(by: mutant) == ["generation peeks"])
  }

  @Test("scales without their mask see finer ones")
  func scalesWithoutMask() throws {
    let mutant = Mutant(of: try multiScale()) { $0.relaid = { $0.groups = $0.groups.map { _ in 0 } } }
    #expect(lawsBroken(by: mutant) == ["settled positions still open", "training peeks"])
  }

  @Test("a scale must not be fed itself")
  func scaleFedItself() throws {
    let mutant = Mutant(of: try multiScale()) { $0.fed = { _, turn, canvas in canvas[turn.slots].values } }
    #expect(lawsBroken(by: mutant) == ["generation peeks", "training and generation differ", "training peeks"])
  }

  @Test("scales must not be one level too open")
  func scaleTooOpen() throws {
    let base = try multiScale("scales: [1, 2, 4]"), starts = [0, 1, 5, 21], sides = [1, 2, 4]
    let mutant = Mutant(of: base) {
      $0.fed = { inputs, _, canvas in
        // Every scale but the first is fed what the image is with that scale, not without it.
        let levels = (0..<3).filter { starts[$0] < inputs.shape[1] }
        let parts = levels.map { level in
          base.latent(of: canvas, through: level, by: Identity(width: 3))
            .resampled(height: sides[level], width: sides[level], .area)
            .reshaped([2, sides[level] * sides[level], 3])
        }
        return Tensor.concatenated(parts, axis: 1)
      }
    }
    #expect(lawsBroken(by: mutant) == ["generation peeks", "training and generation differ", "training peeks"])
  }

  @Test("an order lasts for a generation")
  func redrawn() throws {
    let mutant = Mutant(of: try direction("{ use: raster, order: random }")) {
      $0.generated = { turn in
        with(turn) {
          $0.slots = .perSample(
            $0.slots.indices(in: 16, batch: 2).map { order in
              order.count > 2 ? [order[1], order[0]] + order[2...] : order
            })
        }
      }
    }
    #expect(lawsBroken(by: mutant).contains("settled positions moved"))
  }

  @Test("the finest scale takes all that is left")
  func lossyScales() throws {
    let mutant = Mutant(of: try multiScale()) { $0.composed = { $0 * 0.999 } }
    #expect(lawsBroken(by: mutant) == ["round trip"])
  }

  @Test("a random order is not fed row by row")
  func fedRowByRow() throws {
    let mutant = Mutant(of: try direction("{ use: raster, order: random }")) {
      $0.fed = { _, turn, canvas in
        canvas[.perSample(turn.slots.indices(in: 16, batch: 2).map { $0.map { max(0, $0 - 1) } })].values
      }
    }
    #expect(lawsBroken(by: mutant).contains("generation peeks"))
    #expect(lawsBroken(by: mutant).contains("training peeks"))
  }

  @Test("a masked turn must not show what it predicts")
  func maskedShown() throws {
    for settings in ["", "loss-on: all", "reveal: confident"] {
      let mutant = Mutant(of: try masked(settings)) { $0.trained = { $0.shown = .all } }
      #expect(lawsBroken(by: mutant) == ["training peeks"])
    }
    let early = Mutant(of: try masked()) { $0.generated = { turn in with(turn) { $0.shown = .all } } }
    #expect(lawsBroken(by: early) == ["generation peeks", "training and generation differ"])
    let equal = Mutant(of: try masked("loss-on: all")) {
      $0.trained = { $0.weights = nil }
    }
    #expect(lawsBroken(by: equal) == ["training peeks"], "a copy must count less")
  }

  @Test("a masked generation must not leave out what is not given")
  func maskedForgets() throws {
    let mutant = Mutant(of: try masked("steps: 4, order: raster")) {
      $0.generated = { turn in turn.moment.step == 3 ? with(turn) { $0.predicted = .perSample([[15], [15]]) } : turn }
    }
    #expect(lawsBroken(by: mutant).contains("image left unfinished"))
  }

  @Test("groups never decrease")
  func decreasing() {
    let mutant = Mutant { $0.relaid = { $0.groups.reverse() } }
    #expect(lawsBroken(by: mutant).contains("groups decrease"))
  }

  @Test("a generation predicts everything in as many steps as it announced")
  func stopsEarly() {
    let mutant = Mutant { $0.generated = { $0.moment.step < 10 ? $0 : nil } }
    #expect(
      lawsBroken(by: mutant) == [
        "image left unfinished", "pinned: image left unfinished", "pinned: step count", "step count",
      ])
  }

  @Test("a generation ends")
  func neverEnds() {
    let mutant = Mutant {
      $0.pinned = { past, turn in
        var turn = turn ?? Turn()
        turn.moment.step = (past.last?.moment.step ?? -1) + 1
        return turn
      }
      $0.base = Once()
    }
    #expect(lawsBroken(by: mutant) == ["turns never end"])
  }

  @Test("steps are counted from 0, and progress never falls")
  func steps() {
    #expect(
      lawsBroken(by: Mutant { $0.generated = { turn in with(turn) { $0.moment.progress = 1 - turn.moment.progress } } })
        == ["progress falls"])
    #expect(
      lawsBroken(by: Mutant(of: Once()) { $0.generated = { with($0) { $0.moment.step = 1 } } }) == [
        "steps out of order"
      ])
    #expect(lawsBroken(by: Mutant { $0.generated = { with($0) { $0.moment.steps += 1 } } }).contains("step count"))
  }

  @Test("a latent comes back from its canvas")
  func lossy() {
    #expect(lawsBroken(by: Mutant { $0.laidOut = { $0 * 0.5 } }).contains("round trip"))
  }

  @Test("what is pinned stays where it was")
  func pinnedMoves() {
    let mutant = Mutant {
      $0.laidOut = flipped
      $0.composed = flipped
    }
    #expect(lawsBroken(by: mutant) == ["pinned moves"])
  }

  @Test("around what is pinned, everything else is predicted and nothing unpredicted shown")
  func pinnedTurns() {
    let lazy = Mutant { $0.pinned = { past, turn in past.pinned.isEmpty || turn?.moment.step != 15 ? turn : nil } }
    #expect(lawsBroken(by: lazy) == ["pinned: image left unfinished", "pinned: step count"])
    let eager = Mutant {
      $0.pinned = { past, turn in
        guard !past.pinned.isEmpty, let turn else { return turn }
        return with(turn) { $0.shown = .range(0..<turn.moment.step + 1) }
      }
      $0.fed = { inputs, turn, canvas in
        turn.shown.count(in: 16) == inputs.shape[1] ? canvas[turn.slots].values : inputs
      }
    }
    #expect(lawsBroken(by: eager).contains("generation peeks"))
  }

  @Test("the inputs of a position are the same in generation and in training")
  func scaled() {
    let mutant = Mutant { $0.fed = { inputs, _, _ in inputs.shape[1] == 16 ? inputs : inputs * 1.1 } }
    #expect(lawsBroken(by: mutant) == ["training and generation differ"])
  }

  @Test("settled positions neither attend to later ones nor move")
  func settled() {
    let tooMany = Mutant {
      $0.generated = { turn in with(turn) { $0.settled = turn.moment.step == 0 ? 0 : turn.moment.step + 1 } }
    }
    #expect(lawsBroken(by: tooMany) == ["settled positions moved"])
    let moved = Mutant {
      $0.generated = { turn in
        with(turn) {
          let order = Array(0..<turn.moment.step).reversed() + [turn.moment.step]
          $0.slots = .perSample(Array(repeating: order, count: 2))
        }
      }
    }
    #expect(lawsBroken(by: moved).contains("settled positions moved"))
  }

  @Test("turns name positions that exist, once, and predict in order")
  func form() {
    let beyond = Mutant { $0.generated = { with($0) { $0.shown = .range(1..<99) } } }
    #expect(lawsBroken(by: beyond) == ["turn misshapen"])
    let backwards = Mutant {
      $0.trained = { $0.predicted = .perSample(Array(repeating: (0..<16).reversed(), count: 2)) }
    }
    #expect(lawsBroken(by: backwards) == ["predictions out of order"])
    let unlabelled = Mutant { $0.trained = { $0.levels = [1] } }
    #expect(lawsBroken(by: unlabelled) == ["levels without a label"])
    let outside = Mutant { $0.relaid = { $0.slots[3].row = 1 } }
    #expect(lawsBroken(by: outside) == ["slots outside the image"])
    let heavy = Mutant { $0.trained = { $0.weights = Tensor(zeros: [1, 16]) } }
    #expect(lawsBroken(by: heavy) == ["weights misshapen"])
    let short = Mutant { $0.fed = { inputs, _, _ in inputs.sliced(0..<1, axis: 1) } }
    #expect(lawsBroken(by: short) == ["inputs misshapen"])
    let small = Mutant { $0.relaid = { $0.slots.removeLast() } }
    #expect(lawsBroken(by: small) == ["canvas misshapen"])
  }
}
