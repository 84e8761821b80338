import Autoregression
import Networks
import Settings
import Tensors

/// A grid of 2 rows and 3 columns, one slot per cell, all predicted from all.
let grid = Grid(height: 2, width: 3)
let layout = Layout(grid: grid, slots: Slot.cells(of: grid), groups: Array(repeating: 0, count: 6), levels: 3)

extension Layout {
  /// Next-token prediction over the cells of a grid, row by row.
  static func nextToken(_ grid: Grid) -> Layout {
    Layout(grid: grid, slots: Slot.cells(of: grid), groups: Array(0..<grid.count), shift: 1)
  }

  /// Next-scale prediction over square scales with the given sides; the last is the grid.
  static func scales(_ sides: [Int]) -> Layout {
    var slots: [Slot] = [], groups: [Int] = []
    for (level, side) in sides.enumerated() {
      slots += Slot.cells(of: Grid(height: side, width: side), level: level, from: slots.count)
      groups += Array(repeating: level, count: side * side)
    }
    let side = sides.last ?? 1
    return Layout(grid: Grid(height: side, width: side), slots: slots, groups: groups, levels: sides.count)
  }
}

extension View {
  /// A view of the first `count` slots: each position is fed the token `shift` slots before.
  init(_ tokens: Tokens, _ layout: Layout, _ turn: Turn, count: Int? = nil) {
    let count = count ?? layout.slots.count, batch = tokens.batch, range = Array(0..<count)
    let slots = Array(repeating: Array(layout.slots[..<count]), count: batch)
    self.init(
      turn: turn, slots: slots,
      fed: slots.map { row in range.map { $0 < layout.shift ? nil : row[$0 - layout.shift] } },
      groups: Array(layout.groups[..<count]),
      inputs: tokens[.perSample(Array(repeating: range.map { max(0, $0 - layout.shift) }, count: batch))])
  }
}

/// A backbone that settings make, and the values they were understood as.
struct TestBackbone {
  let backbone: any Backbone
  let values: [String: String]

  init(
    _ text: String, _ layout: Layout = layout, space: TokenSpace = TokenSpace(width: 4), prefix: Int = 2,
    hasVector: Bool = false, feedsCodes: Bool = true, showsEqually: Bool = true
  ) throws {
    var settings = try Settings(parsing: text, file: "test"), random = Random(seed: 1)
    let type = try Registry.linked().find("backbone", &settings, as: (any Backbone.Type).self)
    backbone = try type.init(
      &settings,
      for: BackboneShape(
        layout: layout, space: space, prefixCount: prefix, hasVector: hasVector, feedsCodes: feedsCodes,
        showsEqually: showsEqually), &random)
    try settings.finish()
    values = settings.values
  }

  /// The output without dropout [batch, predicted, width].
  func callAsFunction(_ view: View, _ condition: Condition, cache: AttentionCache? = nil) -> Tensor {
    var dropout: Random?
    return withoutGradients { backbone(view, given: condition, cache: cache, &dropout) }
  }

  /// The parameter of a path.
  subscript(path: String) -> Parameter? { backbone.parameters.first { $0.path == path }?.parameter }

  /// The number of scalars of all parameters.
  var count: Int { backbone.parameters.reduce(0) { $0 + $1.parameter.value.count } }
}

/// Random tokens [2, count, width], with codes of a vocabulary where there is one.
func tokens(_ count: Int, _ space: TokenSpace = TokenSpace(width: 4), seed: UInt64 = 3) -> Tokens {
  var random = Random(seed: seed, samples: [0, 1])
  return Tokens(
    values: random.normal([2, count, space.width], "x"),
    codes: space.vocabulary.map { random.integers(in: 0..<$0, count: count, "codes") })
}

/// A condition of two samples: a prefix of `count` tokens, and a vector where `hasVector`.
func condition(width: Int, prefix count: Int = 2, hasVector: Bool = false) -> Condition {
  var random = Random(seed: 2, samples: [0, 1])
  return Condition(
    prefix: count > 0 ? random.normal([2, count, width], "prefix") : nil,
    vector: hasVector ? random.normal([2, width], "vector") : nil)
}
