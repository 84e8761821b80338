/// Where the rows of tiles are read from.
struct TileLines {
  let first: UnsafePointer<Float>
  /// From one row of a tile, step and tile to the next.
  let across: Int, step: Int, next: Int
  /// Whether they are read for the first time there.
  var isFar = false
}
