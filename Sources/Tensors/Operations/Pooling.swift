extension Tensor {
  /// The maximum of each 2 x 2 window: [batch, height, width, channels] to [batch, height / 2, width / 2, channels].
  public var maxPooled: Tensor { maxPooled(window: 2, stride: 2) }

  /// The maximum of each window: [batch, height, width, channels] to [batch, rows, columns, channels].
  ///
  /// Windows lie wholly inside: there are (height - window) / stride + 1 rows of them, rounded down. The gradient flows
  /// to the first maximum of a window.
  public func maxPooled(window: Int, stride: Int) -> Tensor {
    let (batch, height, width, channels) = (shape[0], shape[1], shape[2], shape[3])
    precondition(window > 0 && stride > 0, "a window of \(window) with stride \(stride) is empty")
    precondition(height >= window && width >= window, "a window of \(window) does not fit into \(height)x\(width)")
    let rows = (height - window) / stride + 1, columns = (width - window) / stride + 1, source = buffer.pointer
    // Offsets of the pixels of a window from its first one.
    let offsets = (0..<window * window).map { ($0 / window * width + $0 % window) * channels }
    let value = Tensor(unfilled: [batch, rows, columns, channels]) { target in
      let target = target.baseAddress!
      parallel(batch * rows, cost: offsets.count * columns * channels) { range in
        for row in range {
          let line = source + (row / rows * height + row % rows * stride) * width * channels
          for x in 0..<columns {
            let from = line + stride * x * channels, to = target + (row * columns + x) * channels
            to.update(from: from, count: channels)
            for offset in offsets.dropFirst() {
              for c in 0..<channels { to[c] = Swift.max(to[c], from[offset + c]) }
            }
          }
        }
      }
    }
    return value.recorded(inputs: [self]) { [self = detached] g in
      let back = Tensor(zeros: self.shape), target = back.buffer.pointer, source = self.buffer.pointer
      // Windows may overlap, so a sample belongs to one thread.
      parallel(batch, cost: 2 * offsets.count * rows * columns * channels) { range in
        for row in range.lowerBound * rows..<range.upperBound * rows {
          let start = (row / rows * height + row % rows * stride) * width * channels
          for x in 0..<columns {
            let from = start + stride * x * channels, o = (row * columns + x) * channels
            for c in 0..<channels {
              let largest = value.buffer.pointer[o + c]
              let offset = offsets.first { source[from + $0 + c] == largest } ?? 0
              target[from + offset + c] += g.buffer.pointer[o + c]
            }
          }
        }
      }
      return [back]
    }
  }
}
