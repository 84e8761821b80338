/// The size of a latent in cells.
public struct Grid: Equatable, Sendable, CustomStringConvertible {
  /// Rows of cells.
  public var height: Int
  /// Columns of cells.
  public var width: Int

  /// A grid of `height` rows and `width` columns.
  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  /// The number of cells.
  public var count: Int { height * width }
  /// Height and width: "16x16".
  public var description: String { "\(height)x\(width)" }
}

/// One row of a canvas: the grid position of its token, and its level (a scale or a frequency band).
public struct Slot: Equatable, Sendable {
  /// The row coordinate of the centre of the token, in [0, 1) at every scale.
  public var row: Float
  /// The column coordinate of the centre of the token, in [0, 1) at every scale.
  public var column: Float
  /// The number of the scale or band, from 0.
  public var level: Int
  /// The row of a table of learned positions; slots may have the same.
  public var position: Int

  /// A slot at a grid position.
  public init(row: Float, column: Float, level: Int = 0, position: Int) {
    self.row = row
    self.column = column
    self.level = level
    self.position = position
  }

  /// One slot for each cell of a grid, row by row, with learned positions from `position` on.
  public static func cells(of grid: Grid, level: Int = 0, from position: Int = 0) -> [Slot] {
    (0..<grid.count).map {
      Slot(
        row: (Float($0 / grid.width) + 0.5) / Float(grid.height),
        column: (Float($0 % grid.width) + 0.5) / Float(grid.width), level: level, position: position + $0)
    }
  }
}

/// The canvas and the attention pattern of a direction, the same for all its turns.
///
/// A canvas has one row for each slot. The groups say who attends to whom: causal attention has a group for each
/// position, block-causal attention one for each block, bidirectional attention one for all.
public struct Layout: Sendable {
  /// The most slots of a canvas that directions lay out: 16 levels of 512 x 512 cells. Larger ones are refused before
  /// they are made.
  public static let slotLimit = 1 << 22

  /// The size of the latent.
  public var grid: Grid
  /// The slots of the canvas, row by row.
  public var slots: [Slot]
  /// The group of each position of a sequence, never decreasing: position i attends to j iff groups[j] <= groups[i].
  public var groups: [Int]
  /// The number of positions by which inputs are shifted: position i reads the token of i - shift. 1 in next-token
  /// prediction, 0 where the inputs are at the positions of their slots.
  public var shift: Int
  /// The number of level labels.
  public var levels: Int

  /// A layout of one level without shift unless arguments say otherwise.
  public init(grid: Grid, slots: [Slot], groups: [Int], shift: Int = 0, levels: Int = 1) {
    self.grid = grid
    self.slots = slots
    self.groups = groups
    self.shift = shift
    self.levels = levels
  }

  /// The number of learned positions that the slots use.
  public var positions: Int { 1 + (slots.map(\.position).max() ?? -1) }
}
