extension Tensor {
  /// The number of the closest row of a table, for each row: self [..., width], table [entries, width]; [rows].
  ///
  /// Closest is the least |e|^2 / 2 - x e, half the squared distance but for the row's own length; of equally close rows
  /// it is the first. The products are made strip by strip and never kept. No gradient: a number has none.
  public func nearestRows(of table: Tensor) -> [Int] {
    precondition(
      table.shape.count == 2 && table.shape[0] > 0 && shape.last == table.shape[1],
      "rows of shape \(shape) have no nearest in a table of shape \(table.shape)")
    let (entries, width) = (table.shape[0], table.shape[1]), rows = count / Swift.max(1, width)
    let halves = table.detached.squared.sum(axis: 1) * 0.5
    // 64 rows by 2048 entries are half a megabyte: they stay in the cache between product and search.
    let strip = 64, tile = Swift.min(entries, 2048)
    var found = [Int](repeating: 0, count: rows)
    found.withUnsafeMutableBufferPointer { found in
      let found = found.baseAddress!
      parallel((rows + strip - 1) / strip, cost: strip * entries * (2 + width / 8) / 8) { range in
        withUnsafeTemporaryAllocation(byteCount: strip * tile * 4, alignment: 64) { scratch in
          let products = scratch.baseAddress!.assumingMemoryBound(to: Float.self)
          for first in range.lazy.map({ $0 * strip }) {
            let height = Swift.min(strip, rows - first)
            var least = [Float](repeating: .infinity, count: height)
            for start in stride(from: 0, to: entries, by: tile) {
              let length = Swift.min(tile, entries - start)
              gemm(
                GEMMShape(m: height, n: length, k: width),
                Matrix(pointer: buffer.pointer + first * width, stride: width),
                Matrix(pointer: table.buffer.pointer + start * width, stride: width, transposed: true),
                into: OutputMatrix(pointer: products, stride: length))
              for row in 0..<height {
                let (gap, place) = leastGap(halves.buffer.pointer + start, products + row * length, length)
                if gap < least[row] {
                  least[row] = gap
                  found[first + row] = start + place
                }
              }
            }
          }
        }
      }
    }
    return found
  }
}

/// The least difference of two rows and where it is first; infinity at 0 where none is a number.
@inline(__always)
private func leastGap(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> (Float, Int) {
  var least = Float.infinity, place = 0, i = 0
  if count >= 16 {
    // Places are counted as floats, exact up to 2^24: a tile is far smaller.
    var best = Vector16(repeating: .infinity), places = Vector16(repeating: 0)
    var now = Vector16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    while i + 16 <= count {
      let gap = a[vector: i] - b[vector: i], isLess = gap .< best
      best = best.replacing(with: gap, where: isLess)
      places = places.replacing(with: now, where: isLess)
      now += Vector16(repeating: 16)
      i += 16
    }
    for lane in 0..<16 where best[lane] < least || best[lane] == least && Int(places[lane]) < place {
      (least, place) = (best[lane], Int(places[lane]))
    }
  }
  while i < count {
    if a[i] - b[i] < least { (least, place) = (a[i] - b[i], i) }
    i += 1
  }
  return (least, place)
}
