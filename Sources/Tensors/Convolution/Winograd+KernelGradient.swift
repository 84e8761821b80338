extension Winograd {
  /// The gradient of the kernel [outputs, 3, 3, channels] from images and the gradient `dout` [batch, rows, columns,
  /// outputs] of their convolution: G^T [(A dy A^T)^T (B^T d B)] G.
  ///
  /// Up to eight parts of the batch are summed separately and then in order, whatever the number of threads.
  func kernelGradient(_ images: UnsafePointer<Float>, _ dout: UnsafePointer<Float>) -> Tensor {
    let batch = windows.batch, parts = Swift.min(8, batch), length = (batch + parts - 1) / parts
    let size = channels * outputs, sums = Tensor(zeros: [parts, 16 * size])
    parallel(parts, cost: length * tiles * 4 * size) { range in
      let scratch = Buffer(count: TileTarget.scratchCount), image = PaddedImage(windows, images)
      let inputs = Buffer(count: 16 * matrixStride(channels)), gradients = Buffer(count: 16 * matrixStride(outputs))
      for part in range {
        let samples = Swift.min(batch, part * length)..<Swift.min(batch, (part + 1) * length)
        Profile.shared.multiplied(samples.count * tiles, 16 * outputs, channels)
        forEachBlock(samples) { tile, count in
          for t in 0..<count {
            transformInput(tile + t, image, into: inputs.pointer + t * channels)
            transformOutputGradient(tile + t, dout, into: gradients.pointer + t * outputs)
          }
          // dU [outputs, channels] += (A dy A^T)^T (B^T d B), for each element of the 4x4 tile.
          for element in 0..<16 {
            addProduct(
              gradients.pointer + element * matrixStride(outputs), inputs.pointer + element * matrixStride(channels),
              count: count, scratch.pointer, to: sums.buffer.pointer + (part * 16 + element) * size)
          }
        }
      }
    }
    return transformedBack(sums.columnSums(width: 16 * size))
  }

  /// Adds one of the sixteen products: gradients^T [outputs, tiles] times inputs [tiles, channels].
  private func addProduct(
    _ gradients: UnsafePointer<Float>, _ inputs: UnsafePointer<Float>, count: Int,
    _ scratch: UnsafeMutablePointer<Float>, to target: UnsafeMutablePointer<Float>
  ) {
    for channel in stride(from: 0, to: channels, by: 64) {
      let width = Swift.min(64, channels - channel)
      for output in stride(from: 0, to: outputs, by: GEMMBlocking.mr) {
        microKernel(
          vectors: width / 16, gradients + output, stride: 1, inputs + channel,
          ReductionPath(length: count, aStep: outputs, bStep: channels),
          TileTarget(
            accumulatingInto: target + (output * channels + channel), stride: channels,
            rows: Swift.min(GEMMBlocking.mr, outputs - output), columns: width, scratch: scratch))
      }
    }
  }

  /// A dy A^T of the gradient of a tile's 2x2 outputs: sixteen rows [outputs] with a stride of `matrixStride`.
  private func transformOutputGradient(
    _ tile: Int, _ dout: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>
  ) {
    let (sample, row, column) = origin(tile), step = matrixStride(outputs), zero = Vector16(repeating: 0)
    let from = dout + ((sample * rows + row) * columns + column) * outputs
    let (hasBelow, hasRight) = (row + 1 < rows, column + 1 < columns)
    for i in stride(from: 0, to: outputs, by: 16) {
      // A dy A^T: rows top, top + bottom, top - bottom, -bottom; zeros for outputs that do not exist.
      let to = target + i
      let top = Vector16x4(timesATransposed: from[vector: i], hasRight ? from[vector: outputs &+ i] : zero)
      let bottom = Vector16x4(
        timesATransposed: hasBelow ? from[vector: columns &* outputs &+ i] : zero,
        hasBelow && hasRight ? from[vector: (columns &+ 1) &* outputs &+ i] : zero)
      top.store(to, step)
      (top + bottom).store(to + 4 * step, step)
      (top - bottom).store(to + 8 * step, step)
      (bottom * -1).store(to + 12 * step, step)
    }
  }

  /// G^T u G of sixteen matrices [outputs, channels]: [outputs, 3, 3, channels].
  private func transformedBack(_ sums: Tensor) -> Tensor {
    let size = channels * outputs, source = UnsafePointer(sums.buffer.pointer)
    return Tensor(unfilled: [outputs, 3, 3, channels]) { target in
      let target = target.baseAddress!
      parallel(outputs, cost: 4 * channels) { range in
        for output in range {
          for channel in stride(from: 0, to: channels, by: 16) {
            let from = source + (output * channels + channel), to = target + (output * 9 * channels + channel)
            let (u0, u3) = (Vector16x4(from, size), Vector16x4(from + 12 * size, size))
            let (u1, u2) = (Vector16x4(from + 4 * size, size), Vector16x4(from + 8 * size, size))
            // G^T u, row by row: u0 + (u1 + u2) / 2, (u1 - u2) / 2, u3 + (u1 + u2) / 2; then times G.
            let middle = (u1 + u2) * 0.5
            for (y, row) in [u0 + middle, (u1 - u2) * 0.5, u3 + middle].enumerated() {
              let (left, center, right) = row.timesG
              to[vector: 3 &* y &* channels] = left
              to[vector: (3 &* y &+ 1) &* channels] = center
              to[vector: (3 &* y &+ 2) &* channels] = right
            }
          }
        }
      }
    }
  }
}
