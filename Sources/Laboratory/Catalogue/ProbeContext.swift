import Autoregression
import Settings
import Tensors

/// The other components that a component is constructed with for discovery of its settings, all of them small.
struct ProbeContext {
  /// Rows and columns of the latent grid; images are eight times as large.
  let side: Int
  /// The channels of a token, and its vocabulary if it has one.
  let space: TokenSpace
  /// True where slots are fed the preceding token, tokens are in several levels, and the condition is a vector.
  let isShifted: Bool

  /// Two contexts which together reach every branch of the components' initialisers.
  static let all = [
    ProbeContext(side: 4, space: TokenSpace(width: 4), isShifted: false),
    ProbeContext(side: 8, space: TokenSpace(width: 6, vocabulary: 16), isShifted: true),
  ]

  private var grid: Grid { Grid(height: side, width: side) }
  private var levels: Int { isShifted ? 4 : 1 }

  /// A raster over the grid, whose slots alternate between the levels.
  private var layout: Layout {
    let slots = Slot.cells(of: grid).enumerated().map { index, slot in
      Slot(row: slot.row, column: slot.column, level: index % levels, position: slot.position)
    }
    return Layout(
      grid: grid, slots: slots, groups: Array(repeating: 0, count: grid.count), shift: isShifted ? 1 : 0,
      levels: levels)
  }

  /// Returns the construction of a component in this context.
  func attempt(_ type: any Component.Type) -> SettingsDiscovery.Attempt {
    let (layout, images) = (layout, ImageShape(height: 8 * side, width: 8 * side))
    let shape = BackboneShape(
      layout: layout, space: space, prefixCount: isShifted ? 0 : 1, hasVector: isShifted, feedsCodes: isShifted)
    return { settings throws in
      var random = Random(seed: 1)
      switch type {
      case let type as any RegressionDirection.Type: _ = try type.init(&settings, over: layout.grid)
      case let type as any Tokenizer.Type: _ = try type.init(&settings, images: images, layout: layout, &random)
      case let type as any TokenLoss.Type:
        _ = try type.init(&settings, of: space, from: 8, levels: layout.levels, &random)
      case let type as any Backbone.Type: _ = try type.init(&settings, for: shape, &random)
      case let type as any Conditioner.Type: _ = try type.init(&settings, classes: 4, width: 8, &random)
      case let type as any ImageDataset.Type: _ = try type.init(&settings)
      case let type as any Metric.Type: _ = try type.init(&settings)
      default: break
      }
    }
  }
}
