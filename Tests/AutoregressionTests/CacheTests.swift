import Autoregression
import Networks
import Settings
import Tensors
import Testing

private let codebook = Codebook(11, width: 3)
private let grid = Grid(height: 4, width: 4)

/// Directions in which some positions do not see others, and every encoding of positions.
private let directions = [
  "{ use: raster }", "{ use: raster, order: random }", "{ use: multi-scale, scales: [1, 2, 4] }",
]
private let conditioners = ["{ use: class-prefix, count: 3 }", "{ use: class-vector }", "{ use: unconditional }"]
private let forms = [
  "positions: learned", "positions: sin-cos", "positions: rotary",
  "positions: rotary, unpositioned: zero, mask-token: false",
  "qk-norm: l2, bias: queries-values", "qk-norm: layer, norm: rms, activation: swiglu, bias: none",
]

private func model(_ direction: String, _ conditioner: String, _ form: String) throws -> Model {
  try Assembled(
    codebook, over: grid, classes: 3, direction: direction, conditioner: conditioner,
    backbone: "{ use: decoder, width: 16, depth: 2, heads: 2, init-std: 0.3, \(form) }",
    loss: "{ use: cross-entropy, initial-deviation: 0.5 }"
  ).model
}

/// Every combination: direction, conditioner, form.
private func everyModel(_ visit: (Model, String) throws -> Void) throws {
  for direction in directions {
    for conditioner in conditioners {
      for form in forms { try visit(try model(direction, conditioner, form), "\(direction) \(conditioner) \(form)") }
      guard conditioner.contains("vector") else { continue }
      for kind in ["per-block", "shared"] {
        let form = "adaptive-norm: \(kind), gate-init-scale: 1"
        try visit(try model(direction, conditioner, form), "\(direction) \(form)")
      }
    }
  }
}

@Suite("Attention with a cache")
struct CacheTests {
  @Test(
    "every turn gives the same hidden states with a cache and without, for one batch and one doubled by guidance"
  )
  func cached() throws {
    try everyModel { model, name in
      for isDoubled in [false, true] {
        var random = Random(seed: 1, samples: [0, 1]), dropout: Random?, past = Past()
        let count = model.direction.layout.slots.count, cache = AttentionCache()
        let truth = codebook.tokens(coded: random.integers(in: 0..<11, count: count, "codes"))
        var canvas = Tokens.zeros(2, count, codebook.space), worst: Float = 0, turns = 0
        let alone = model.conditioner([0, 2])
        let condition = isDoubled ? alone.stacked(on: model.conditioner([nil, nil])) : alone
        withoutGradients {
          while let now = model.direction.turn(after: past, batch: 2, &random) {
            let single = model.direction.view(of: canvas, at: now, by: codebook)
            let view = isDoubled ? single.doubled : single
            let kept = model.backbone(view, given: condition, cache: cache, &dropout)
            let whole = model.backbone(view, given: condition, cache: nil, &dropout)
            worst = max(worst, kept.distance(to: whole))
            let rows = now.predictedSlots(of: count, batch: 2)
            canvas[rows] = truth[rows]
            past.last = now
            turns += 1
          }
        }
        #expect(turns > 1 && worst < 1e-4, "\(name), \(worst) apart")
      }
    }
  }

  @Test("generation around given tokens is the same with a cache and without")
  func pinned() throws {
    for direction in directions {
      let model = try model(direction, conditioners[0], forms[0]), count = model.direction.layout.slots.count
      var random = Random(seed: 3, samples: [0, 1])
      let given = codebook.tokens(coded: random.integers(in: 0..<11, count: count, "codes"))
      let guidance = Guidance(scale: .constant(2)), pins = Pins(given, [1, 2, 5, 6])
      var (a, b) = (random, random)
      let kept = model.generate([0, 1], guidance, around: pins, cached: true, &a, watch: { _ in })
      let whole = model.generate([0, 1], guidance, around: pins, cached: false, &b, watch: { _ in })
      #expect(kept.distance(to: whole) == 0, "\(direction)")
    }
  }

  @Test("another token moves what sees it and nothing else")
  func leaks() throws {
    try everyModel { model, name in
      var random = Random(seed: 2, samples: [0, 1]), dropout: Random?
      let count = model.direction.layout.slots.count, groups = model.direction.layout.groups
      let canvas = codebook.tokens(coded: random.integers(in: 0..<11, count: count, "codes"))
      let turn = model.direction.trainingTurn(batch: 2, progress: 1, &random)
      let view = model.direction.view(of: canvas, at: turn, by: codebook), condition = model.conditioner([0, 1])
      func hidden(_ inputs: Tokens) -> Tensor {
        let changed = View(turn: turn, slots: view.slots, fed: view.fed, groups: view.groups, inputs: inputs)
        return withoutGradients { model.backbone(changed, given: condition, cache: nil, &dropout) }
      }
      let before = hidden(view.inputs), width = before.shape[2], shown = Set(view.shown[0])
      for position in 0..<count {
        var inputs = view.inputs
        inputs[.perSample([[position], [position]])] = Tokens(values: random.normal([2, 1, 3], "other") * 2)
        let after = hidden(inputs)
        for other in 0..<count {
          let moved = after.sliced(other..<other + 1, axis: 1).distance(to: before.sliced(other..<other + 1, axis: 1))
          let isSeen = shown.contains(position) && groups[position] <= groups[other]
          // To the last bit where it is not seen.
          #expect(isSeen ? moved > 1e-7 : moved == 0, "\(name): \(position) moves \(other) by \(moved), width \(width)")
        }
      }
    }
  }
}
