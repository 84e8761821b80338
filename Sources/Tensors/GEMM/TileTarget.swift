/// Where a tile goes: `rows` of its six and `columns` of its lanes are real.
struct TileTarget {
  var pointer: UnsafeMutablePointer<Float>
  /// From one row of the tile to the next, and from one lane to the next.
  var stride: Int
  var isTransposed = false
  var rows: Int, columns: Int
  var scale: Float = 1
  /// Where what is added lies, as far apart as the target; nil: nothing is.
  var added: UnsafePointer<Float>?
  /// Added by column; by row of the tile where the target is transposed.
  var bias: UnsafePointer<Float>?
  /// Room for one tile, `TileTarget.scratchCount` floats.
  var scratch: UnsafeMutablePointer<Float>

  static let scratchCount = GEMMBlocking.mr * 64
}

extension TileTarget {
  /// Where a tile is added to what is there.
  init(sum: UnsafeMutablePointer<Float>, stride: Int, rows: Int, columns: Int, scratch: UnsafeMutablePointer<Float>) {
    self.init(
      pointer: sum, stride: stride, rows: rows, columns: columns, added: UnsafePointer(sum), scratch: scratch)
  }

  /// Whether sums can be stored as they come.
  @inline(__always)
  var isWhole: Bool { !isTransposed && rows == GEMMBlocking.mr && scale == 1 }

  /// Goes on by so many floats.
  @inline(__always)
  mutating func move(_ floats: Int) {
    pointer += floats
    added = added.map { $0 + floats }
  }

  /// Scales, adds and lays down sums [6, width].
  @inline(never)
  func take(_ sums: UnsafePointer<Float>, width: Int) {
    if isTransposed { return takeTurned(sums, width: width) }
    for row in 0..<rows {
      let from = sums + row &* width, to = pointer + row &* stride, more = added.map { $0 + row &* stride }
      var i = 0
      while i &+ 16 <= columns {
        var value = from[vector: i] * scale
        if let bias { value += bias[vector: i] }
        if let more { value += more[vector: i] }
        to[vector: i] = value
        i &+= 16
      }
      while i < columns {
        var value = from[i] * scale
        if let bias { value += bias[i] }
        to[i] = more.map { $0[i] + value } ?? value
        i &+= 1
      }
    }
  }

  private func takeTurned(_ sums: UnsafePointer<Float>, width: Int) {
    for column in 0..<columns {
      let to = pointer + column &* stride, from = sums + column, more = added.map { $0 + column &* stride }
      for row in 0..<rows {
        var value = from[row &* width] * scale
        if let bias { value += bias[row] }
        to[row] = more.map { $0[row] + value } ?? value
      }
    }
  }
}
