/// Cells of a latent: what the tokenizer makes of an image of a given size.
public struct Grid: Equatable, Sendable, CustomStringConvertible {
  public var height: Int
  public var width: Int

  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  public var count: Int { height * width }
  public var description: String { "\(height)x\(width)" }
}

/// One row of a canvas: where its token lies in the image, and at which scale or band.
public struct Slot: Equatable, Sendable {
  /// Centre, in [0, 1), whatever the scale.
  public var row: Float
  public var column: Float
  /// Scale or band the slot belongs to.
  public var level: Int
  /// Which learned position it has; slots may share one.
  public var position: Int

  public init(row: Float, column: Float, level: Int = 0, position: Int) {
    self.row = row
    self.column = column
    self.level = level
    self.position = position
  }

  /// One slot a cell, row by row.
  public static func cells(of grid: Grid, level: Int = 0, from position: Int = 0) -> [Slot] {
    (0..<grid.count).map {
      Slot(
        row: (Float($0 / grid.width) + 0.5) / Float(grid.height),
        column: (Float($0 % grid.width) + 0.5) / Float(grid.width), level: level, position: position + $0)
    }
  }
}

/// What a direction fixes once.
public struct Layout: Sendable {
  public var grid: Grid
  /// One row of the canvas each.
  public var slots: [Slot]
  /// By place in the sequence, never decreasing: place i may attend to place j iff groups[j] <= groups[i].
  public var groups: [Int]
  /// Place i is fed the token of place i - shift: 1 in next-token prediction.
  public var shift: Int
  /// How many level labels there are.
  public var levels: Int

  public init(grid: Grid, slots: [Slot], groups: [Int], shift: Int = 0, levels: Int = 1) {
    self.grid = grid
    self.slots = slots
    self.groups = groups
    self.shift = shift
    self.levels = levels
  }

  /// How many learned positions the slots use.
  public var positions: Int { 1 + (slots.map(\.position).max() ?? -1) }
}
