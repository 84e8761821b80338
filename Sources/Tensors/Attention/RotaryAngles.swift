import COpenBLAS

/// Cosines and sines of the angles of rotary positions, [batch, positions, headDim / 2] each, the same for every head
/// (RoPE; Su et al. 2021, arXiv 2104.09864).
public struct RotaryAngles: Sendable {
  /// [batch, positions, headDim / 2], without gradient.
  public let cosines: Tensor
  /// [batch, positions, headDim / 2], without gradient.
  public let sines: Tensor

  /// The angles with these cosines and sines [batch, positions, headDim / 2].
  public init(cosines: Tensor, sines: Tensor) {
    precondition(
      cosines.shape == sines.shape && cosines.shape.count == 3,
      "cosines of shape \(cosines.shape) and sines of shape \(sines.shape) are not [batch, positions, headDim / 2]")
    (self.cosines, self.sines) = (cosines.detached, sines.detached)
  }

  /// The angles of one sample, not copied: valid while these live.
  func sample(_ index: Int) -> HeadRotation {
    let offset = index * cosines.shape[1] * cosines.shape[2]
    return HeadRotation(cosines: cosines.buffer.pointer + offset, sines: sines.buffer.pointer + offset)
  }
}

extension Tensor {
  /// Rotates each pair of neighbouring channels of a head by the angle of its position: (x0 c - x1 s, x1 c + x0 s)
  /// (Su et al. 2021, arXiv 2104.09864, equation 34).
  ///
  /// self and the result: [batch, positions, heads * headDim]. The heads from `rotatedHeads` on are copied; nil: none
  /// is. Angles have no gradient.
  public func rotated(by angles: RotaryAngles, heads: Int, rotatedHeads: Int? = nil) -> Tensor {
    let headDim = shape[2] / heads
    precondition(
      shape[2] == heads * headDim && headDim % 2 == 0 && angles.cosines.shape == [shape[0], shape[1], headDim / 2],
      "angles of shape \(angles.cosines.shape) do not rotate rows of shape \(shape) in \(heads) heads")
    let count = rotatedHeads ?? heads, rotation = angles.sample(0)
    return rotated(rotation, heads, count).recorded(inputs: [self]) { [angles] g in
      // A rotation is orthogonal: its transpose, the rotation by the opposite angle, carries the gradient.
      [g.rotated(angles.sample(0).inverse, heads, count)]
    }
  }

  private func rotated(_ rotation: HeadRotation, _ heads: Int, _ rotatedHeads: Int) -> Tensor {
    let stride = shape[2], headDim = stride / heads, source = UnsafePointer(buffer.pointer)
    return Tensor(unfilled: shape) { target in
      let target = target.baseAddress!
      parallel(shape[0] * shape[1], cost: stride) { range in
        for row in range {
          for head in Swift.stride(from: row * stride, to: row * stride + rotatedHeads * headDim, by: headDim) {
            rotation.rotate(source + head, into: target + head, row: row, headDim: headDim)
          }
          let rest = row * stride + rotatedHeads * headDim
          (target + rest).update(from: source + rest, count: (heads - rotatedHeads) * headDim)
        }
      }
    }
  }
}

/// The angles of the rows of one head: cosines and sines [rows, headDim / 2].
struct HeadRotation {
  let cosines: UnsafePointer<Float>, sines: UnsafePointer<Float>
  /// Rotates by the opposite angles.
  var isInverse = false

  /// The rotation by the opposite angles.
  var inverse: HeadRotation { HeadRotation(cosines: cosines, sines: sines, isInverse: !isInverse) }

  /// Rotates row `row` of `headDim` channels; the target may be the source.
  @inline(__always)
  func rotate(_ source: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>, row: Int, headDim: Int) {
    let c = cosines + row &* headDim / 2, s = sines + row &* headDim / 2
    var i = 0
    while i < headDim {
      // Angles and channels beyond the row are read, not stored: every buffer ends with a spare vector.
      let sine = isInverse ? 0 - s[vector: i / 2] : s[vector: i / 2]
      target.store(overtone_rotate_pairs(source[vector: i], c[vector: i / 2], sine), i, of: headDim)
      i &+= 16
    }
  }
}
