extension Tensor {
  /// residual + gate * self, as a block with adaLN-Zero ends (Peebles and Xie 2022, arXiv 2212.09748, section 3.2).
  ///
  /// self and residual [..., width]; the gate of a row is `width` columns of `gates` [entries, stride] from `offset`
  /// on. An entry gates several successive rows, equally many each.
  public func gated(by gates: Tensor, offset: Int, residual: Tensor) -> Tensor {
    let width = shape.last ?? 1, rows = count / Swift.max(1, width), stride = gates.shape[1]
    let rowsPerEntry = ModulationLayout.rowsPerEntry(rows: rows, entries: gates.shape[0])
    precondition(
      residual.shape == shape && offset + width <= stride,
      "gates of shape \(gates.shape) and a residual of shape \(residual.shape) do not fit rows of shape \(shape)")
    let value = Tensor(unfilled: shape) { target in
      let target = target.baseAddress!, x = buffer.pointer, b = residual.buffer.pointer, m = gates.buffer.pointer
      parallel(rows, cost: width / 4) { range in
        for row in range {
          let o = row &* width, gate = m + (row / rowsPerEntry &* stride &+ offset)
          for i in 0..<width { target[o &+ i] = b[o &+ i] + gate[i] * x[o &+ i] }
        }
      }
    }
    return value.recordedAccumulating(inputs: [self, gates, residual]) {
      [self = detached, gates = gates.detached] g, existingGradient in
      let existing = existingGradient(1), dgates = existing ?? Tensor(unfilled: gates.shape) { _ in }
      let dinp = Tensor(unfilled: self.shape) { target in
        let target = target.baseAddress!, x = self.buffer.pointer, m = gates.buffer.pointer, g = g.buffer.pointer
        let dgate = dgates.buffer.pointer
        // Rows of one entry stay on one thread, since they add to the same gradient.
        parallel(rows, cost: width / 4, unit: rowsPerEntry) { range in
          for row in range {
            let o = row &* width, entry = row / rowsPerEntry &* stride
            let gate = m + (entry &+ offset), sum = dgate + (entry &+ offset)
            // A new gradient begins with zeros, also in the columns beside the gate.
            if existing == nil && row % rowsPerEntry == 0 { (dgate + entry).update(repeating: 0, count: stride) }
            for i in 0..<width {
              target[o &+ i] = g[o &+ i] * gate[i]
              sum[i] += g[o &+ i] * x[o &+ i]
            }
          }
        }
      }
      return [dinp, dgates, g]
    }
  }
}
