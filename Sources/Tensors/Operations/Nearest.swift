extension Tensor {
  /// The index of the nearest row of a table for each row: self [..., width], table [entries, width]; [rows].
  ///
  /// The nearest row e of x minimizes |e|^2 / 2 - x e, which is half the squared distance but for |x|^2 / 2; of equally
  /// near rows it is the first. Products are computed block by block and not stored. There is no gradient.
  public func nearestRows(of table: Tensor) -> [Int] {
    precondition(
      table.shape.count == 2 && table.shape[0] > 0 && shape.last == table.shape[1],
      "rows of shape \(shape) have no nearest in a table of shape \(table.shape)")
    let (entries, width) = (table.shape[0], table.shape[1]), rows = count / Swift.max(1, width)
    let halves = table.detached.squared.sum(axis: 1) * 0.5
    // 64 rows by 2048 entries are half a megabyte: they stay in the second-level cache between product and search.
    let block = 64, tile = Swift.min(entries, 2048)
    var found = [Int](repeating: 0, count: rows)
    found.withUnsafeMutableBufferPointer { found in
      let found = found.baseAddress!
      parallel((rows + block - 1) / block, cost: block * entries * (2 + width / 8) / 8) { range in
        withUnsafeTemporaryAllocation(byteCount: block * tile * 4, alignment: 64) { scratch in
          let products = scratch.baseAddress!.assumingMemoryBound(to: Float.self)
          for first in range.lazy.map({ $0 * block }) {
            let height = Swift.min(block, rows - first)
            var least = [Float](repeating: .infinity, count: height)
            for start in stride(from: 0, to: entries, by: tile) {
              let length = Swift.min(tile, entries - start)
              gemm(
                GEMMShape(m: height, n: length, k: width),
                Matrix(pointer: buffer.pointer + first * width, stride: width),
                Matrix(pointer: table.buffer.pointer + start * width, stride: width, transposed: true),
                into: OutputMatrix(pointer: products, stride: length))
              for row in 0..<height {
                let (gap, index) = leastGap(halves.buffer.pointer + start, products + row * length, length)
                if gap < least[row] {
                  least[row] = gap
                  found[first + row] = start + index
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

/// Returns the least difference a[i] - b[i] and the first index i that has it; infinity and 0 if all are not a number.
@inline(__always)
private func leastGap(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> (Float, Int) {
  var least = Float.infinity, index = 0, i = 0
  if count >= 16 {
    // Indices are counted as floats, which are exact up to 2^24: a tile is far smaller.
    var best = Vector16(repeating: .infinity), indices = Vector16(repeating: 0)
    var now = Vector16(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
    while i + 16 <= count {
      let gap = a[vector: i] - b[vector: i], isLess = gap .< best
      best = best.replacing(with: gap, where: isLess)
      indices = indices.replacing(with: now, where: isLess)
      now += Vector16(repeating: 16)
      i += 16
    }
    for element in 0..<16 where best[element] < least || best[element] == least && Int(indices[element]) < index {
      (least, index) = (best[element], Int(indices[element]))
    }
  }
  while i < count {
    if a[i] - b[i] < least { (least, index) = (a[i] - b[i], i) }
    i += 1
  }
  return (least, index)
}
