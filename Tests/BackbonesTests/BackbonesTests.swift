import Autoregression
import Networks
import Settings
import Tensors
import Testing

private let size = "width: 16, heads: 4, depth: 2"

@Suite struct BackbonesTests {
  private let turn = Turn(shown: .perSample([[0, 2], [1, 5]]), predicted: .perSample([[1, 3, 4], [0, 2, 3]]))

  @Test(
    "tokens that are not shown change nothing, tokens that are shown do", arguments: ["encoder-decoder", "decoder"],
    ["positions: learned", "positions: sin-cos", "positions: rotary, norm: rms, activation: swiglu", "qk-norm: l2"])
  func visibility(_ key: String, _ form: String) throws {
    for prefix in [0, 2] {
      let model = try TestBackbone("{ use: \(key), \(size), \(form) }", prefix: prefix)
      let values = tokens(6).values, given = condition(width: 16, prefix: prefix)
      let before = model(View(Tokens(values: values), layout, turn), given)
      #expect(before.shape == [2, 3, 16] && before.isFinite)
      func changed(_ position: Int) -> Tensor {
        var scalars = values.scalars
        scalars[position * 4] += 1
        return model(View(Tokens(values: Tensor([2, 6, 4], scalars)), layout, turn), given)
      }
      #expect(changed(1).distance(to: before) == 0)
      #expect(changed(2).distance(to: before) > 1e-4)
    }
  }

  @Test("in next-token prediction no position depends on a later token", arguments: ["learned", "sin-cos", "rotary"])
  func causal(_ positions: String) throws {
    let ordered = Layout.nextToken(grid),
      model = try TestBackbone("{ use: decoder, \(size), positions: \(positions) }", ordered)
    let values = tokens(6).values, given = condition(width: 16), turn = Turn(shown: .range(1..<6))
    let before = model(View(Tokens(values: values), ordered, turn), given)
    var scalars = values.scalars
    for channel in 0..<4 { scalars[3 * 4 + channel] += 1 }
    let after = model(View(Tokens(values: Tensor([2, 6, 4], scalars)), ordered, turn), given)
    // Token 3 is the input of position 4.
    #expect(after.sliced(0..<4, axis: 1).distance(to: before.sliced(0..<4, axis: 1)) == 0)
    #expect(after.sliced(4..<6, axis: 1).distance(to: before.sliced(4..<6, axis: 1)) > 1e-4)
  }

  @Test("where all attend to all, the prefix is like any other position (BERT, MaskGIT)")
  func prefix() throws {
    // The same network over seven slots, the first of which is masked, and over six after a prefix of one.
    let line = Grid(height: 1, width: 7)
    let whole = Layout(grid: line, slots: Slot.cells(of: line), groups: Array(repeating: 0, count: 7))
    let seven = try TestBackbone("{ use: decoder, \(size) }", whole, prefix: 0)
    let six = try TestBackbone("{ use: decoder, \(size) }", layout, prefix: 1)
    for (path, parameter) in six.backbone.parameters where path != "prefixPositions" {
      guard let value = seven[path]?.value else { continue }
      parameter.replace(path == "positions.weight" ? value.sliced(1..<7, axis: 0) : value)
    }
    let table = try #require(seven["positions.weight"]).value, mask = try #require(seven["blank"]).value
    try #require(six["prefixPositions"]).replace(table.sliced(0..<1, axis: 0))
    try #require(six["levels.weight"]).replace(Tensor(zeros: [3, 16]))
    let given = Condition(prefix: Tensor.concatenated([mask, mask], axis: 0)), input = tokens(6)
    let padded = Tensor.concatenated([Tensor(zeros: [2, 1, 4]), input.values], axis: 1)
    let wanted = seven(View(Tokens(values: padded), whole, Turn(shown: .range(1..<7))), Condition())
    let found = six(View(input, layout, Turn()), given)
    #expect(found.distance(to: wanted.sliced(1..<7, axis: 1)) < 1e-5)
  }

  @Test("samples may show different numbers of tokens, each as in a batch of its own")
  func unequal() throws {
    let model = try TestBackbone("{ use: decoder, \(size) }"), input = tokens(6), given = condition(width: 16)
    let shown = [[0, 2, 3], [5]]
    let both = model(View(input, layout, Turn(shown: .perSample(shown))), given)
    for sample in 0..<2 {
      let alike = model(View(input, layout, Turn(shown: .perSample([shown[sample], shown[sample]]))), given)
      let range = sample..<sample + 1
      #expect(both.sliced(range, axis: 0).distance(to: alike.sliced(range, axis: 0)) < 1e-5)
    }
    #expect(both.sliced(0..<1, axis: 0).distance(to: both.sliced(1..<2, axis: 0)) > 1e-3)
  }

  @Test("the output at some positions is that at all, gathered", arguments: ["encoder-decoder", "decoder"])
  func predicted(_ key: String) throws {
    let model = try TestBackbone("{ use: \(key), \(size) }"), input = tokens(6), given = condition(width: 16)
    let all = model(View(input, layout, Turn(shown: turn.shown)), given)
    #expect(all.shape == [2, 6, 16])
    let some = model(View(input, layout, turn), given)
    #expect(some.distance(to: all.gathered([[1, 3, 4], [0, 2, 3]])) < 1e-5)
  }

  @Test("a sample's output does not depend on the other samples", arguments: ["encoder-decoder", "decoder"])
  func batches(_ key: String) throws {
    let model = try TestBackbone("{ use: \(key), \(size) }"), values = tokens(6).values, given = condition(width: 16)
    let both = model(View(Tokens(values: values), layout, Turn()), given)
    let second = values.sliced(1..<2, axis: 0)
    let repeated = model(
      View(Tokens(values: Tensor.concatenated([second, second], axis: 0)), layout, Turn()), given)
    #expect(repeated.sliced(1..<2, axis: 0).distance(to: both.sliced(1..<2, axis: 0)) < 1e-5)
  }

  @Test(
    "a level embedding makes the level matter, even where nothing is shown", arguments: ["encoder-decoder", "decoder"])
  func levels(_ key: String) throws {
    func output(_ model: TestBackbone, _ turn: Turn, level: Int) -> Tensor {
      var slots = layout.slots
      for i in slots.indices { slots[i].level = level }
      return model(
        View(tokens(6), Layout(grid: grid, slots: slots, groups: layout.groups, levels: 3), turn), condition(width: 16))
    }
    for hasLevels in [true, false] {
      let model = try TestBackbone("{ use: \(key), \(size), level-embedding: \(hasLevels) }")
      for turn in [Turn(), turn, Turn(shown: .perSample([[], []]))] {
        let distance = output(model, turn, level: 1).distance(to: output(model, turn, level: 2))
        #expect(hasLevels ? distance > 1e-4 : distance == 0)
      }
    }
  }

  @Test("with a target position the same tokens give another output at another target")
  func targetPositions() throws {
    let ordered = Layout.nextToken(grid)
    for hasTargets in [true, false] {
      let model = try TestBackbone(
        "{ use: decoder, \(size), positions: learned, target-positions: \(hasTargets) }", ordered)
      var moved = ordered
      moved.slots[5].position = 4
      let turn = Turn(shown: .range(1..<6), predicted: .range(5..<6)), given = condition(width: 16)
      let distance = model(View(tokens(6), ordered, turn), given).distance(
        to: model(View(tokens(6), moved, turn), given))
      #expect(hasTargets ? distance > 1e-4 : distance == 0)
    }
  }

  @Test("a learned mask token stands for what is not shown, else zeros do")
  func maskToken() throws {
    for hasMaskToken in [true, false] {
      let model = try TestBackbone("{ use: decoder, \(size), mask-token: \(hasMaskToken) }")
      let view = View(tokens(6), layout, turn), before = model(view, condition(width: 16))
      if let token = model["blank"] {
        token.replace(token.value * 20)
        #expect(model(view, condition(width: 16)).distance(to: before) > 1e-3)
      }
      #expect((model["blank"] != nil) == hasMaskToken && before.isFinite)
    }
  }

  @Test(
    "the class vector reaches all tokens, or mask tokens only",
    arguments: ["encoder-decoder", "decoder"], ["all-tokens", "mask-tokens"])
  func conditionTarget(_ key: String, _ target: String) throws {
    let model = try TestBackbone("{ use: \(key), \(size), add-condition-to: \(target) }", prefix: 0, hasVector: true)
    func changed(by turn: Turn) -> Float {
      let view = View(tokens(6), layout, turn), vector = condition(width: 16, prefix: 0, hasVector: true).vector
      return model(view, Condition(vector: vector)).distance(to: model(view, Condition(vector: vector.map { $0 * 2 })))
    }
    #expect(changed(by: turn) > 1e-3)
    #expect(changed(by: Turn(shown: .perSample([[], []]))) > 1e-3)
    // Nothing is masked: only the other target is left.
    #expect(target == "all-tokens" ? changed(by: Turn()) > 1e-3 : changed(by: Turn()) == 0)
  }

  @Test(
    "adaptive norms let the class vector act where it is added to no token", arguments: ["encoder-decoder", "decoder"],
    ["per-block", "shared"])
  func adaptive(_ key: String, _ kind: String) throws {
    let model = try TestBackbone(
      "{ use: \(key), \(size), adaptive-norm: \(kind), gate-init-scale: 1, norm: rms }", prefix: 0, hasVector: true)
    #expect(model.values["add-condition-to"] == "mask-tokens")
    let view = View(tokens(6), layout, Turn()), vector = condition(width: 16, prefix: 0, hasVector: true).vector
    let distance = model(view, Condition(vector: vector)).distance(
      to: model(view, Condition(vector: vector.map { $0 * 2 })))
    #expect(distance > 1e-4)
    #expect((model["sharedModulation.weight"]?.value.shape == [96, 16]) == (kind == "shared"))
    #expect(model["adaptiveNorm.modulation.weight"]?.value.shape == [32, 16])
  }

  @Test("an embedding of positions lets norms be modulated otherwise at each, from all zeros on as without it")
  func modulationPositions() throws {
    let form = "{ use: decoder, \(size), adaptive-norm: per-block, gate-init-scale: 1, norm: rms"
    let model = try TestBackbone("\(form), adaptive-norm-positions: true }", prefix: 0, hasVector: true)
    let plain = try TestBackbone("\(form) }", prefix: 0, hasVector: true)
    for (path, parameter) in plain.backbone.parameters {
      parameter.replace(try #require(model[path]).value)
    }
    let table = try #require(model["modulationPositions.weight"]), learned = table.value
    #expect(learned.shape == [6, 16])
    let view = View(tokens(6), layout, turn), given = condition(width: 16, prefix: 0, hasVector: true)
    table.replace(Tensor(zeros: [6, 16]))
    #expect(model(view, given).distance(to: plain(view, given)) < 1e-5)
    table.replace(learned * 50)
    #expect(model(view, given).distance(to: plain(view, given)) > 1e-3)
  }

  @Test("a class token is like a prefix of one", arguments: [0, 2])
  func classToken(_ prefix: Int) throws {
    let model = try TestBackbone("{ use: decoder, \(size), class-token: true }", prefix: prefix)
    let plain = try TestBackbone("{ use: decoder, \(size) }", prefix: prefix + 1)
    for (path, parameter) in plain.backbone.parameters { parameter.replace(try #require(model[path]).value) }
    let token = try #require(model["classToken"])
    var random = Random(seed: 9, samples: [0])
    token.replace(random.normal([1, 1, 16], "token"))
    let given = condition(width: 16, prefix: prefix), both = Tensor.concatenated([token.value, token.value], axis: 0)
    let longer = given.prefix.map { Tensor.concatenated([both, $0], axis: 1) } ?? both
    let view = View(tokens(6), layout, turn)
    #expect(model(view, given).distance(to: plain(view, Condition(prefix: longer))) < 1e-5)
  }

  @Test("with norms after the sums every output is normalized, and no norm follows the last block")
  func normAfter() throws {
    let model = try TestBackbone("{ use: decoder, \(size), norm-first: false }")
    let output = model(View(tokens(6), layout, turn), condition(width: 16)), scalars = output.scalars
    for row in 0..<6 {
      let values = scalars[row * 16..<(row + 1) * 16], mean = values.reduce(0, +) / 16
      #expect(abs(mean) < 1e-5 && abs(values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 16 - 1) < 1e-3)
    }
    #expect(model["norm.weight"] == nil && model["blocks.1.norm2.weight"] != nil)
  }

  @Test("dropout of tokens and stochastic depth act in training only", arguments: ["encoder-decoder", "decoder"])
  func dropout(_ key: String) throws {
    for form in ["token-dropout: 0.5", "drop-path: 0.9"] {
      let model = try TestBackbone("{ use: \(key), \(size), \(form) }"), view = View(tokens(6), layout, Turn())
      let evaluated = model(view, condition(width: 16))
      var training: Random? = Random(seed: 5, samples: [0, 1])
      #expect(model(view, condition(width: 16)).distance(to: evaluated) == 0)
      #expect(model.backbone(view, given: condition(width: 16), cache: nil, &training).distance(to: evaluated) > 1e-3)
    }
  }

  @Test("all parameters of a backbone get a gradient", arguments: ["encoder-decoder", "decoder"])
  func gradients(_ key: String) throws {
    let forms = ["qk-norm: l2, bias: queries-values", "qk-norm: layer, activation: swiglu", "adaptive-norm: shared"]
    let decoderForms = [
      "adaptive-norm: per-block, adaptive-norm-affine: true, adaptive-norm-positions: true, class-token: true",
      "norm-first: false, embedding-norm: true, mlm-layer: true",
    ]
    for form in forms + (key == "decoder" ? decoderForms : ["norm-first: false"]) {
      let model = try TestBackbone(
        "{ use: \(key), \(size), gate-init-scale: 1, level-embedding: true, \(form) }"
          .replacing("gate-init-scale: 1, ", with: form.contains("adaptive") ? "gate-init-scale: 1, " : ""),
        hasVector: true)
      var none: Random?, slots = layout.slots
      for i in slots.indices { slots[i].level = i % 3 }
      let view = View(tokens(6), Layout(grid: grid, slots: slots, groups: layout.groups, levels: 3), turn)
      let output = model.backbone(view, given: condition(width: 16, hasVector: true), cache: nil, &none)
      let parameters = model.backbone.parameters
      let gradients = output.squared.sum.gradients(of: parameters.map { $0.parameter() })
      for (parameter, gradient) in zip(parameters, gradients) {
        // Attention does not depend on a bias of all keys; it is part of the projection's.
        #expect(gradient.isFinite && gradient.scalars.contains { $0 != 0 }, "\(form): \(parameter.path)")
      }
    }
  }
}
