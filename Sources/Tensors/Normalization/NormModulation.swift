/// The scale and the shift that modulate a norm: y = n * (1 + scale) + shift, as adaLN has it (Peebles and Xie 2022,
/// arXiv 2212.09748, section 3.2).
///
/// Both are columns of one tensor [entries, stride], beside whatever else stands there. An entry modulates several
/// successive rows, equally many each: those of one sample.
public struct NormModulation: Sendable {
  /// [entries, stride]
  public var tensor: Tensor
  /// The first column of the shift.
  public var shiftOffset: Int
  /// The first column of the scale.
  public var scaleOffset: Int

  /// The columns of `tensor` [entries, stride] from `shiftOffset` and from `scaleOffset` on, as many as a row is wide.
  public init(_ tensor: Tensor, shiftOffset: Int, scaleOffset: Int) {
    self.tensor = tensor
    self.shiftOffset = shiftOffset
    self.scaleOffset = scaleOffset
  }
}

/// How many of `rows` one of `others` serves.
func share(_ rows: Int, of others: Int) -> Int {
  precondition(others > 0 && rows % others == 0, "\(others) rows do not serve \(rows) rows, as many for each")
  return rows / others
}

extension Tensor {
  /// base + gate * self, where the gate is `width` columns of `gates` [rows, wider] from `column` on; self, base
  /// [..., width]. A row of gates may serve several rows, as many for each.
  public func gated(by gates: Tensor, offset column: Int, residual base: Tensor) -> Tensor {
    let width = shape.last ?? 1, rows = count / Swift.max(1, width), step = gates.shape[1]
    let each = share(rows, of: gates.shape[0])
    precondition(
      base.shape == shape && column + width <= step,
      "gates of shape \(gates.shape) and a base of shape \(base.shape) do not fit rows of shape \(shape)")
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!, x = buffer.pointer, b = base.buffer.pointer, m = gates.buffer.pointer
      parallel(rows, cost: width / 4) { range in
        for row in range {
          let o = row &* width, gate = m + (row / each &* step &+ column)
          for i in 0..<width { target[o &+ i] = b[o &+ i] + gate[i] * x[o &+ i] }
        }
      }
    }
    return value.recordedAccumulating(inputs: [self, gates, base]) {
      [self = detached, gates = gates.detached] g, existingGradient in
      let toldGates = existingGradient(1), toGates = toldGates ?? Tensor(unfilled: gates.shape) { _ in }
      let toSelf = Tensor(unfilled: self.shape) { target in
        let target = target.baseAddress!, x = self.buffer.pointer, m = gates.buffer.pointer, g = g.buffer.pointer
        let to = toGates.buffer.pointer
        parallel(rows, cost: width / 4, unit: each) { range in
          for row in range {
            let o = row &* width, at = row / each &* step, gate = m + (at &+ column), line = to + (at &+ column)
            // Whatever else stands beside the gates was told nothing yet.
            if toldGates == nil && row % each == 0 { (to + at).update(repeating: 0, count: step) }
            for i in 0..<width {
              target[o &+ i] = g[o &+ i] * gate[i]
              line[i] += g[o &+ i] * x[o &+ i]
            }
          }
        }
      }
      return [toSelf, toGates, g]
    }
  }
}
