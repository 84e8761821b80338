import Autoregression
import Networks
import Settings
import Tensors
import Testing

private let grid = Grid(height: 2, width: 3)
private let layout = Layout(grid: grid, slots: Slot.cells(of: grid), groups: Array(repeating: 0, count: 6), levels: 3)

private func backbone(_ text: String, _ layout: Layout = layout) throws -> any Backbone {
  var settings = try Settings(parsing: text, file: "test"), random = Random(seed: 1)
  return try Registry.linked().find("backbone", &settings, as: (any Backbone.Type).self).init(
    &settings, for: BackboneShape(layout: layout, space: TokenSpace(width: 4), prefixCount: 2, hasVector: false),
    &random)
}

private func view(_ values: Tensor, _ turn: Turn, _ layout: Layout = layout) -> View {
  let slots = Array(repeating: layout.slots, count: values.shape[0])
  return View(turn: turn, slots: slots, fed: slots, groups: layout.groups, inputs: Tokens(values: values))
}

private func hidden(_ backbone: any Backbone, _ view: View) -> Tensor {
  var random = Random(seed: 2, samples: [0, 1]), dropout: Random?
  let prefix = random.normal([2, 2, 16], "prefix")
  return withoutGradients { backbone(view, given: Condition(prefix: prefix), cache: nil, &dropout) }
}

@Suite struct BackbonesTests {
  private let turn = Turn(shown: .perSample([[0, 2], [1, 5]]), predicted: .perSample([[1, 3, 4], [0, 2, 3]]))
  private var values: Tensor {
    var random = Random(seed: 3, samples: [0, 1])
    return random.normal([2, 6, 4], "x")
  }

  @Test(
    "what is not shown is not seen, what is shown is", arguments: ["encoder-decoder", "decoder"],
    ["positions: learned", "positions: sin-cos", "positions: rotary, norm: rms, perceptron: swiglu", "qk-norm: l2"])
  func honesty(_ key: String, _ form: String) throws {
    let made = try backbone("{ use: \(key), width: 16, heads: 4, depth: 2, \(form) }")
    let before = hidden(made, view(values, turn))
    #expect(before.shape == [2, 3, 16] && before.isFinite)
    func changed(_ place: Int) -> Tensor {
      var scalars = values.scalars
      scalars[place * 4] += 1
      return hidden(made, view(Tensor([2, 6, 4], scalars), turn))
    }
    #expect(changed(1).distance(to: before) == 0)
    #expect(changed(2).distance(to: before) > 1e-4)
  }

  @Test("with groups in order no place sees a later one")
  func causal() throws {
    let ordered = Layout(grid: grid, slots: Slot.cells(of: grid), groups: Array(0..<6))
    let made = try backbone("{ use: decoder, width: 16, heads: 4, depth: 2 }", ordered)
    let before = hidden(made, view(values, Turn(), ordered))
    var scalars = values.scalars
    for channel in 0..<4 { scalars[3 * 4 + channel] += 1 }
    let after = hidden(made, view(Tensor([2, 6, 4], scalars), Turn(), ordered))
    #expect(after.sliced(0..<3, axis: 1).distance(to: before.sliced(0..<3, axis: 1)) == 0)
    #expect(after.sliced(3..<6, axis: 1).distance(to: before.sliced(3..<6, axis: 1)) > 1e-4)
  }

  @Test("an encoder and decoder are told the level where they are asked to, even where nothing is shown")
  func levels() throws {
    let told = try backbone("{ use: encoder-decoder, width: 16, heads: 4, depth: 2, level-embedding: true }")
    let untold = try backbone("{ use: encoder-decoder, width: 16, heads: 4, depth: 2 }")
    func seen(_ backbone: any Backbone, _ turn: Turn, level: Int) -> Tensor {
      var slots = layout.slots
      for i in slots.indices { slots[i].level = level }
      return hidden(backbone, view(values, turn, Layout(grid: grid, slots: slots, groups: layout.groups, levels: 3)))
    }
    for turn in [Turn(), turn, Turn(shown: .perSample([[], []]))] {
      #expect(seen(told, turn, level: 1).distance(to: seen(told, turn, level: 2)) > 1e-4)
      #expect(seen(untold, turn, level: 1).distance(to: seen(untold, turn, level: 2)) == 0)
    }
  }

  @Test("a batch is its samples", arguments: ["encoder-decoder", "decoder"])
  func batches(_ key: String) throws {
    let made = try backbone("{ use: \(key), width: 16, heads: 4, depth: 2 }"), all = Turn()
    let both = hidden(made, view(values, all)),
      turned = Tensor.concatenated([values.sliced(1..<2, axis: 0), values.sliced(1..<2, axis: 0)], axis: 0)
    let alone = hidden(made, view(turned, all))
    #expect(alone.sliced(1..<2, axis: 0).distance(to: both.sliced(1..<2, axis: 0)) < 1e-5)
  }
}

@Suite struct BackboneSettingsTests {
  private func refusal(
    _ text: String, space: TokenSpace = TokenSpace(width: 4), hasVector: Bool = false, feedsCodes: Bool = true
  ) throws -> String {
    var settings = try Settings(parsing: text, file: "test"), random = Random(seed: 1)
    do {
      _ = try Registry.linked().find("backbone", &settings, as: (any Backbone.Type).self).init(
        &settings,
        for: BackboneShape(
          layout: layout, space: space, prefixCount: 2, hasVector: hasVector, feedsCodes: feedsCodes), &random)
      return "no error"
    } catch { return "\(error)" }
  }

  @Test("what cannot work is refused in one sentence", arguments: ["encoder-decoder", "decoder"])
  func refusals(_ key: String) throws {
    #expect(try refusal("{ use: \(key), adaptive: shared }").contains("'adaptive: shared' needs a vector"))
    #expect(try refusal("{ use: \(key), embed: codes }").contains("'embed: codes' needs a tokenizer with a vocabulary"))
    let codes = TokenSpace(width: 4, vocabulary: 8)
    #expect(
      try refusal("{ use: \(key), embed: codes }", space: codes, feedsCodes: false).contains(
        "this direction feeds sums or averages"))
    #expect(try refusal("{ use: \(key), embed: codes }", space: codes) == "no error")
    #expect(
      try refusal("{ use: \(key), width: 12, heads: 2, positions: rotary }").contains(
        "needs heads whose width 4 divides"))
    #expect(
      try refusal("{ use: \(key), width: 6, heads: 2, positions: sin-cos }").contains("needs a width that 4 divides"))
    #expect(try refusal("{ use: \(key), width: 6, heads: 4 }").contains("let 'heads' divide 'width'"))
  }

  @Test("a backbone that sees both ways is refused to directions whose later places hold answers")
  func blocks() throws {
    let ordered = Layout(grid: grid, slots: Slot.cells(of: grid), groups: [0, 0, 0, 1, 1, 1], levels: 2)
    var settings = try Settings(parsing: "{ use: encoder-decoder }", file: "test"), random = Random(seed: 1)
    let type = try Registry.linked().find("backbone", &settings, as: (any Backbone.Type).self)
    let error = #expect(throws: SettingsError.self) {
      try type.init(
        &settings, for: BackboneShape(layout: ordered, space: TokenSpace(width: 4), prefixCount: 2, hasVector: false),
        &random)
    }
    #expect(
      "\(error.map { "\($0)" } ?? "")".hasPrefix(
        "test:1:3: backbone 'encoder-decoder' sees both ways, and here later places hold the answers of earlier ones; use backbone 'decoder'."
      ))
  }

  @Test("a preset fills in what is not said, and gives way to what is")
  func presets() throws {
    var settings = try Settings(
      parsing: "{ use: decoder, preset: llamagen-b, width: 32, heads: 4, depth: 2 }", file: "test")
    var random = Random(seed: 1)
    let type = try Registry.linked().find("backbone", &settings, as: (any Backbone.Type).self)
    #expect(try type.width(&settings) == 32)
    let made = try type.init(
      &settings,
      for: BackboneShape(
        layout: layout, space: TokenSpace(width: 4, vocabulary: 8), prefixCount: 0, hasVector: true), &random)
    try settings.finish()
    let paths = Set(made.parameters.map(\.path))
    #expect(paths.contains("blocks.1.gate.weight") && !paths.contains("blocks.2.norm1.weight"))
    #expect(!paths.contains("blank") && !paths.contains("blocks.0.attention.qkv.bias"))
  }

  @Test("every preset can be made, in the width it says", arguments: ["encoder-decoder", "decoder"])
  func allPresets(_ key: String) throws {
    func made(_ preset: String) throws -> (backbone: any Backbone, width: Int, choices: [String]) {
      var settings = try Settings(parsing: "{ use: \(key), preset: \(preset) }", file: "test"), random = Random(seed: 1)
      let type = try Registry.linked().find("backbone", &settings, as: (any Backbone.Type).self)
      let width = try type.width(&settings)
      let backbone = try withoutStorage {
        try type.init(
          &settings,
          for: BackboneShape(
            layout: layout, space: TokenSpace(width: 4, vocabulary: 8), prefixCount: 2, hasVector: true), &random)
      }
      try settings.finish()
      return (backbone, width, settings.reads.first { $0.reading.key == "preset" }?.reading.choices ?? [])
    }
    let presets = try made("none").choices
    #expect(presets.count > 6)
    for preset in presets {
      let (backbone, width, _) = try made(preset)
      #expect(backbone.width == width && backbone.parameters.count > 20, "\(preset)")
    }
  }

  @Test("a class that is a vector is told even where nothing is shown yet")
  func nothingShown() throws {
    var settings = try Settings(parsing: "{ use: encoder-decoder, width: 16, heads: 4, depth: 2 }", file: "test")
    var random = Random(seed: 1), dropout: Random?
    let made = try Registry.linked().find("backbone", &settings, as: (any Backbone.Type).self).init(
      &settings, for: BackboneShape(layout: layout, space: TokenSpace(width: 4), prefixCount: 0, hasVector: true),
      &random)
    let empty = view(Tensor(zeros: [1, 6, 4]), Turn(shown: .perSample([[]])))
    func told(_ number: Float) -> Tensor {
      made(empty, given: Condition(vector: Tensor([1, 16], (0..<16).map { number * Float($0) })), cache: nil, &dropout)
    }
    #expect(told(0.5).isFinite && told(0.5).distance(to: told(-0.5)) > 1e-3)
  }
}
