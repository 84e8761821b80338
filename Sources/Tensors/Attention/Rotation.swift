import COpenBLAS

extension Tensor {
  /// Pairs of neighbouring channels of every head turned by an angle of their row: (x0 c - x1 s, x1 c + x0 s)
  /// (rotary positions; Su et al. 2021, arXiv 2104.09864).
  ///
  /// self [batch, rows, heads * d]; cosines and sines [batch, rows, d / 2], the same for every head, without gradient.
  /// Heads from `turning` on stay as they are; nil: none does.
  public func rotated(_ cosines: Tensor, _ sines: Tensor, heads: Int, turning: Int? = nil) -> Tensor {
    let width = shape[2] / heads
    precondition(
      shape[2] == heads * width && width % 2 == 0 && cosines.shape == [shape[0], shape[1], width / 2]
        && sines.shape == cosines.shape,
      "angles of shape \(cosines.shape) do not turn rows of shape \(shape) in \(heads) heads")
    let some = turning ?? heads
    return turned(cosines, sines, heads, some, isBack: false).recorded(inputs: [self]) {
      [c = cosines.detached, s = sines.detached] g in [g.turned(c, s, heads, some, isBack: true)]
    }
  }

  private func turned(_ cosines: Tensor, _ sines: Tensor, _ heads: Int, _ some: Int, isBack: Bool) -> Tensor {
    let total = shape[2], width = total / heads, source = UnsafePointer(buffer.pointer)
    let angles = HeadAngles(
      cosines: cosines.buffer.pointer, sines: sines.buffer.pointer, isReversed: isBack)
    return Tensor(unfilled: shape) { target in
      let target = target.baseAddress!
      parallel(shape[0] * shape[1], cost: total) { range in
        for row in range {
          for at in Swift.stride(from: row * total, to: row * total + some * width, by: width) {
            angles.turn(source + at, into: target + at, row: row, width: width)
          }
          let rest = row * total + some * width
          (target + rest).update(from: source + rest, count: (heads - some) * width)
        }
      }
    }
  }
}

/// The angles by which the rows of a head are turned: cosines and sines [rows, width / 2].
struct HeadAngles {
  let cosines: UnsafePointer<Float>, sines: UnsafePointer<Float>
  var isReversed = false

  /// By the same angles the other way round.
  var reversed: HeadAngles { HeadAngles(cosines: cosines, sines: sines, isReversed: !isReversed) }

  /// Turns a row of `width` channels; the target may be the source.
  @inline(__always)
  func turn(_ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, row: Int, width: Int) {
    let c = cosines + row &* width / 2, s = sines + row &* width / 2
    var i = 0
    while i < width {
      // Angles and channels beyond the row are read, not stored: all buffers have a vector more.
      let sine = isReversed ? 0 - s[vector: i / 2] : s[vector: i / 2]
      target.store(overtone_rotate_pairs(source[vector: i], c[vector: i / 2], sine), i, of: width)
      i &+= 16
    }
  }
}
