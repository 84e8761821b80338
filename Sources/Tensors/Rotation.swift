extension Tensor {
  /// Pairs of neighbouring channels of every head turned by an angle of their row: (x0 c - x1 s, x1 c + x0 s)
  /// (rotary positions; Su et al. 2021, arXiv 2104.09864).
  ///
  /// self [batch, rows, heads * d]; cosines and sines [batch, rows, d / 2], the same for every head, without gradient.
  /// Heads from `turning` on stay as they are; nil: none does.
  public func rotated(_ cosines: Tensor, _ sines: Tensor, heads: Int, turning: Int? = nil) -> Tensor {
    let pairs = shape[2] / heads / 2
    precondition(
      shape[2] == heads * pairs * 2 && cosines.shape == [shape[0], shape[1], pairs] && sines.shape == cosines.shape,
      "angles of shape \(cosines.shape) do not turn rows of shape \(shape) in \(heads) heads")
    let some = turning ?? heads
    return turned(cosines, sines, heads, some, 1).from([self]) { [c = cosines.detached, s = sines.detached] g in
      [g.turned(c, s, heads, some, -1)]
    }
  }

  /// `sign` 1 turns, -1 turns back.
  private func turned(_ cosines: Tensor, _ sines: Tensor, _ heads: Int, _ some: Int, _ sign: Float) -> Tensor {
    let width = shape[2], pairs = width / heads / 2, source = buffer.pointer
    let c = cosines.buffer.pointer, s = sines.buffer.pointer
    return Tensor(unfilled: shape) { target in
      let target = target.baseAddress!
      parallel(shape[0] * shape[1], cost: 4 * width) { range in
        for row in range {
          for head in 0..<some {
            let at = row * width + head * pairs * 2
            for j in 0..<pairs {
              let (x, y) = (source[at + 2 * j], source[at + 2 * j + 1])
              let (cosine, sine) = (c[row * pairs + j], sign * s[row * pairs + j])
              target[at + 2 * j] = x * cosine - y * sine
              target[at + 2 * j + 1] = y * cosine + x * sine
            }
          }
          let rest = row * width + some * pairs * 2
          (target + rest).update(from: source + rest, count: (heads - some) * pairs * 2)
        }
      }
    }
  }
}
