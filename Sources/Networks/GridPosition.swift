/// The position of a token in a grid, in cells; a fraction where the token stands for more than one cell.
public struct GridPosition: Equatable, Sendable {
  /// From the top; 0 is the centre of the first row.
  public var row: Float
  /// From the left; 0 is the centre of the first column.
  public var column: Float

  /// A position in cells.
  public init(row: Float, column: Float) {
    self.row = row
    self.column = column
  }
}
