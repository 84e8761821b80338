extension Tensor {
  /// Nearest-neighbour upsampling by two: [batch, height, width, channels] to [batch, 2 height, 2 width, channels].
  public var upsampled2x: Tensor {
    let (batch, height, width, channels) = (shape[0], shape[1], shape[2], shape[3]), source = buffer.pointer
    let value = Tensor(unfilled: [batch, 2 * height, 2 * width, channels]) { target in
      let target = target.baseAddress!
      parallel(batch * height, cost: 4 * width * channels) { range in
        for row in range {
          let line = target + row * 4 * width * channels
          for x in 0..<width {
            let pixel = source + (row * width + x) * channels
            (line + 2 * x * channels).update(from: pixel, count: channels)
            (line + (2 * x + 1) * channels).update(from: pixel, count: channels)
          }
          (line + 2 * width * channels).update(from: line, count: 2 * width * channels)
        }
      }
    }
    return value.recorded(inputs: [self]) { g in
      // The sum over the four copies of each pixel: [batch * height, 2, width, 2, channels] to [.., width, channels].
      let sum = g.reshaped([batch * height, 2, width, 2, channels]).sum(axis: 3).sum(axis: 1)
      return [sum.reshaped([batch, height, width, channels])]
    }
  }
}
