import COpenBLAS

/// Lines of the cache that will be needed soon, asked for a sixth at a time while a tile is made: a row of the place where its
/// sums will be laid down and of what is added to them, and a stretch of what later tiles read.
struct TileNeeds {
  private var place: UnsafeMutablePointer<Float>, added: UnsafePointer<Float>?
  private let stride: Int
  private var ahead: UnsafePointer<Float>
  private let apart: Int
  /// Steps of the tile from one time to the next.
  let steps: Int

  @inline(__always)
  init(_ place: TilePlace, _ path: TilePath, right: UnsafePointer<Float>) {
    self.place = place.pointer
    stride = place.stride
    added = place.added == UnsafePointer(place.pointer) ? nil : place.added
    (ahead, apart) = path.ahead.map { ($0.first, $0.apart) } ?? (right, 0)
    steps = Swift.max(4, path.length &* path.segments / (4 &* GEMMBlocking.mr) &* 4)
  }

  /// Asks for the next row; where the stretch to ask for begins.
  @inline(__always)
  mutating func ask<S: Strip>(_: S.Type) -> UnsafePointer<Float> {
    S.expectToWrite(place)
    place += stride
    if let row = added {
      S.expect(row)
      added = row + stride
    }
    defer { ahead += apart }
    return ahead
  }
}

/// What tiles one below the other, and those of the next panel, need from further away than the second-level cache.
struct Lookahead {
  /// What is read of the right side after these tiles, and how much of it.
  let panel: UnsafePointer<Float>, count: Int
  /// Whether the left side is read for the first time: then each tile asks for the rows of the next.
  let isLeftFar: Bool

  /// What the tile at row `done` asks for, whose successor begins with `lines`.
  @inline(__always)
  func needs(at done: Int, _ lines: UnsafePointer<Float>, stride: Int, length: Int) -> TilePath.Ahead {
    if isLeftFar { return TilePath.Ahead(first: lines, apart: stride) }
    // Two lines with every four steps.
    let sixth = length / (4 &* GEMMBlocking.mr) &* 32
    return TilePath.Ahead(first: panel + Swift.min(done &* sixth, count), apart: sixth)
  }
}
