extension Tensor {
  /// The largest of each 2 x 2 places: [batch, height, width, channels] to [batch, height / 2, width / 2, channels].
  ///
  /// An odd last row or column is left out. A gradient goes to the first of equally large places.
  public var maxPooled: Tensor {
    let (batch, height, width, channels) = (shape[0], shape[1], shape[2], shape[3])
    let rows = height / 2, columns = width / 2, source = buffer.pointer
    // The four places of a window, from its first.
    let offsets = [0, channels, width * channels, (width + 1) * channels]
    let value = Tensor(unfilled: [batch, rows, columns, channels]) { target in
      let target = target.baseAddress!
      parallel(batch * rows, cost: 4 * columns * channels) { range in
        for row in range {
          let line = source + (row / rows * height + row % rows * 2) * width * channels
          for x in 0..<columns {
            let from = line + 2 * x * channels, to = target + (row * columns + x) * channels
            for c in 0..<channels {
              to[c] = Swift.max(
                Swift.max(from[c], from[offsets[1] + c]), Swift.max(from[offsets[2] + c], from[offsets[3] + c]))
            }
          }
        }
      }
    }
    return value.from([self]) { [self = detached] g in
      let back = Tensor(zeros: self.shape), target = back.buffer.pointer, source = self.buffer.pointer
      parallel(batch * rows, cost: 8 * columns * channels) { range in
        for row in range {
          let start = (row / rows * height + row % rows * 2) * width * channels
          for x in 0..<columns {
            let from = start + 2 * x * channels, o = (row * columns + x) * channels
            for c in 0..<channels {
              let largest = value.buffer.pointer[o + c]
              let place = offsets.first { source[from + $0 + c] == largest } ?? 0
              target[from + place + c] = g.buffer.pointer[o + c]
            }
          }
        }
      }
      return [back]
    }
  }
}
