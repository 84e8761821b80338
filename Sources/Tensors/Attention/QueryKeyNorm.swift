import COpenBLAS

extension Tensor {
  /// Queries of every head brought to the length `lengths[head]` and keys to length 1, each row by itself; values stay.
  ///
  /// self: queries, keys and values side by side [..., 3 * heads * d], the same shape comes out; lengths [heads]. What is shorter
  /// than `epsilon` is divided by that. Cosine attention, as VAR has it (Tian et al. 2024, arXiv 2404.02905).
  public func queryKeyNormalized(queryScales lengths: Tensor, epsilon: Float = 1e-12) -> Tensor {
    let total = shape.last ?? 0, heads = lengths.count, width = total / Swift.max(1, 3 * heads)
    precondition(
      lengths.shape == [heads] && heads > 0 && width * 3 * heads == total,
      "lengths of shape \(lengths.shape) do not fit heads in rows of shape \(shape)")
    let rows = count / Swift.max(1, total), source = UnsafePointer(buffer.pointer)
    // One over the length of each query and key, negative where the length does not count; as many numbers for each row.
    let known = Buffer(count: rows * 2 * heads)
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!, lengths = lengths.buffer.pointer
      parallel(rows, cost: total) { range in
        for row in range {
          let x = source + row &* total, y = target + row &* total, known = known.pointer + row &* 2 &* heads
          for head in 0..<2 &* heads {
            let at = head &* width, length = rowSum(x + at, width) { $0 * $0 }.squareRoot()
            known[head] = length < epsilon ? -1 / epsilon : 1 / length
            let scale = abs(known[head]) * (head < heads ? lengths[head] : 1)
            var i = 0
            while i < width {
              (y + at).store(x[vector: at &+ i] * scale, i, of: width)
              i &+= 16
            }
          }
          let rest = 2 &* heads &* width
          (y + rest).update(from: x + rest, count: heads &* width)
        }
      }
    }
    return value.recorded(inputs: [self, lengths]) { [lengths = lengths.detached, value = value.detached] g in
      let parts = Swift.max(1, Swift.min(16, rows / 64)), each = (rows + parts - 1) / parts
      let sums = Tensor(zeros: [parts, heads])
      let toSelf = Tensor(unfilled: value.shape) { target in
        let target = target.baseAddress!, y = UnsafePointer(value.buffer.pointer), g = UnsafePointer(g.buffer.pointer)
        parallel(parts, cost: each * 2 * total) { range in
          for part in range {
            for row in Swift.min(rows, part * each)..<Swift.min(rows, (part + 1) * each) {
              let o = row &* total, known = known.pointer + row &* 2 &* heads
              for head in 0..<2 &* heads {
                let at = o &+ head &* width, length = head < heads ? lengths.buffer.pointer[head] : 1
                // The result is length u, where u is the direction: its gradient along u goes to the length alone.
                let dot = rowDot(y + at, g + at, width), scale = abs(known[head]) * length
                if head < heads { sums.buffer.pointer[part &* heads &+ head] += length == 0 ? 0 : dot / length }
                let along = known[head] < 0 || length == 0 ? 0 : dot / (length * length)
                var i = 0
                while i < width {
                  (target + at).store((g[vector: at &+ i] - y[vector: at &+ i] * along) * scale, i, of: width)
                  i &+= 16
                }
              }
              let rest = o &+ 2 &* heads &* width
              (target + rest).update(from: g + rest, count: heads &* width)
            }
          }
        }
      }
      return [toSelf, sums.columnSums(width: heads)]
    }
  }
}
