/// Where in each row of a tensor [rows, wider] the shift and the scale of a norm stand. A row of it may serve several
/// rows that are normed, as many for each: those of one sample.
public struct Modulators: Sendable {
  public var tensor: Tensor
  public var shift: Int
  public var scale: Int

  public init(_ tensor: Tensor, shift: Int, scale: Int) {
    self.tensor = tensor
    self.shift = shift
    self.scale = scale
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
  public func gated(by gates: Tensor, at column: Int, over base: Tensor) -> Tensor {
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
