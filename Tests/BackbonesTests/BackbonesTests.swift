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
  private let turn = Turn(shown: .each([[0, 2], [1, 5]]), asked: .each([[1, 3, 4], [0, 2, 3]]))
  private var values: Tensor {
    var random = Random(seed: 3, samples: [0, 1])
    return random.normal([2, 6, 4], "x")
  }

  @Test("what is not shown is not seen, what is shown is", arguments: ["encoder-decoder", "decoder"])
  func honesty(_ key: String) throws {
    let made = try backbone("{ use: \(key), width: 16, heads: 4, depth: 2 }")
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

  @Test("a batch is its samples", arguments: ["encoder-decoder", "decoder"])
  func batches(_ key: String) throws {
    let made = try backbone("{ use: \(key), width: 16, heads: 4, depth: 2 }"), all = Turn()
    let both = hidden(made, view(values, all)),
      turned = Tensor.concatenated([values.sliced(1..<2, axis: 0), values.sliced(1..<2, axis: 0)], axis: 0)
    let alone = hidden(made, view(turned, all))
    #expect(alone.sliced(1..<2, axis: 0).distance(to: both.sliced(1..<2, axis: 0)) < 1e-5)
  }
}
