/// The destination of a micro-tile and its epilogue: C = scale * sums + bias + addend.
struct TileTarget {
  /// Element [0, 0] of the micro-tile in C.
  var pointer: UnsafeMutablePointer<Float>
  /// From one row of the micro-tile to the next; from one column to the next where the target is transposed.
  var stride: Int
  /// True if C is the transpose of what the micro-kernel computes.
  var isTransposed = false
  /// Rows and columns of the micro-tile that lie in C.
  var rows: Int, columns: Int
  /// The factor alpha of the product.
  var scale: Float = 1
  /// Added to the micro-tile, with the strides of C.
  var addend: UnsafePointer<Float>?
  /// Added by column; by row of the micro-tile where the target is transposed.
  var bias: UnsafePointer<Float>?
  /// Room for one micro-tile, `scratchCount` floats.
  var scratch: UnsafeMutablePointer<Float>

  static let scratchCount = GEMMBlocking.mr * GEMMBlocking.nr
}

extension TileTarget {
  /// A micro-tile that is added to C.
  init(
    accumulatingInto pointer: UnsafeMutablePointer<Float>, stride: Int, rows: Int, columns: Int,
    scratch: UnsafeMutablePointer<Float>
  ) {
    self.init(
      pointer: pointer, stride: stride, rows: rows, columns: columns, addend: UnsafePointer(pointer), scratch: scratch)
  }

  /// True if sums can be stored as they come.
  @inline(__always)
  var isWhole: Bool { !isTransposed && rows == GEMMBlocking.mr && scale == 1 }

  /// Moves by so many floats in C and in the addend.
  @inline(__always)
  mutating func advance(by floats: Int) {
    pointer += floats
    addend = addend.map { $0 + floats }
  }

  /// Scales sums [mr, width], adds bias and addend, and writes the rows and columns that lie in C.
  @inline(never)
  func store(_ sums: UnsafePointer<Float>, width: Int) {
    if isTransposed { return storeTransposed(sums, width: width) }
    for row in 0..<rows {
      let from = sums + row &* width, to = pointer + row &* stride, more = addend.map { $0 + row &* stride }
      var i = 0
      while i &+ vectorWidth <= columns {
        var value = from[vector: i] * scale
        if let bias { value += bias[vector: i] }
        if let more { value += more[vector: i] }
        to[vector: i] = value
        i &+= vectorWidth
      }
      while i < columns {
        var value = from[i] * scale
        if let bias { value += bias[i] }
        to[i] = more.map { $0[i] + value } ?? value
        i &+= 1
      }
    }
  }

  private func storeTransposed(_ sums: UnsafePointer<Float>, width: Int) {
    for column in 0..<columns {
      let to = pointer + column &* stride, from = sums + column, more = addend.map { $0 + column &* stride }
      for row in 0..<rows {
        var value = from[row &* width] * scale
        if let bias { value += bias[row] }
        to[row] = more.map { $0[row] + value } ?? value
      }
    }
  }
}
