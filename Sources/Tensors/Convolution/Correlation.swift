extension Windows {
  /// One image with its edge of zeros, as far as windows reach: [padded height, padded width, channels].
  func pad(_ images: UnsafePointer<Float>, _ sample: Int, into target: UnsafeMutablePointer<Float>) {
    let line = paddedWidth * channels, image = images + sample * height * width * channels
    let low = Swift.max(0, left), high = Swift.max(low, Swift.min(paddedWidth, left + width))
    for y in 0..<paddedHeight {
      let to = target + y * line, row = y - top
      guard row >= 0 && row < height else {
        to.update(repeating: 0, count: line)
        continue
      }
      to.update(repeating: 0, count: low * channels)
      (to + low * channels).update(from: image + (row * width + low - left) * channels, count: (high - low) * channels)
      (to + high * channels).update(repeating: 0, count: line - high * channels)
    }
    (target + paddedHeight * line).update(repeating: 0, count: paddedCount - paddedHeight * line)
  }
}

/// The products of all windows with a kernel, kernel [window size, outputs]: [batch, rows, columns, outputs].
func correlate(
  _ plan: Windows, _ images: UnsafePointer<Float>, _ kernel: Matrix, _ outputs: Int, _ bias: UnsafePointer<Float>?,
  into target: UnsafeMutablePointer<Float>
) {
  if let winograd = Winograd(plan, outputs: outputs) {
    return winograd.correlate(images, kernel, bias, into: target)
  }
  let places = plan.places, cost = places * plan.size * outputs / 16
  guard usesMicroKernels else {
    return parallel(plan.batch, cost: cost) { samples in
      let windows = Buffer(count: places * plan.size)
      for sample in samples {
        plan.unfold(images, sample * places..<(sample + 1) * places, into: windows.pointer)
        gemm(
          GEMMShape(m: places, n: outputs, k: plan.size), Matrix(pointer: windows.pointer, stride: plan.size), kernel,
          into: OutputMatrix(pointer: target + sample * places * outputs, stride: outputs),
          epilogue: GEMMEpilogue(bias: bias))
      }
    }
  }
  let packed = Buffer(count: plan.size * (outputs + 15) / 16 * 16 + 16 * plan.size)
  pack(kernel, rows: 0..<plan.size, columns: 0..<outputs, into: packed.pointer)
  let line = plan.kernel.width * plan.channels, starts = plan.starts
  parallel(plan.batch, cost: cost) { samples in
    let padded = Buffer(count: plan.paddedCount), image = UnsafePointer(padded.pointer)
    let scratch = Buffer(count: TileTarget.scratchCount)
    for sample in samples {
      Profile.shared.multiplied(places, outputs, plan.size)
      plan.pad(images, sample, into: padded.pointer)
      starts.withUnsafeBufferPointer { starts in
        var panel = UnsafePointer(packed.pointer)
        for output in stride(from: 0, to: outputs, by: 64) {
          let width = Swift.min(64, outputs - output), vectors = (width + 15) / 16
          let path = ReductionPath(
            length: line, aStep: 1, bStep: 16 * vectors, segments: plan.kernel.height,
            aSegmentStride: plan.paddedWidth * plan.channels, bSegmentStride: line * 16 * vectors)
          for place in stride(from: 0, to: places, by: GEMMBlocking.mr) {
            let count = Swift.min(GEMMBlocking.mr, places - place)
            microKernel(
              vectors: vectors, GatheredPanelA({ image + starts[place &+ $0] }, count: count), panel, path,
              TileTarget(
                pointer: target + (sample * places + place) * outputs + output, stride: outputs, rows: count,
                columns: width, bias: bias.map { $0 + output }, scratch: scratch.pointer))
          }
          panel += plan.size * 16 * vectors
        }
      }
    }
  }
}

/// Adds what one padded image and the gradient [places, outputs] of its convolution say about the kernel
/// [outputs, window size].
func addKernelGradient(
  _ plan: Windows, _ image: UnsafePointer<Float>, _ slope: UnsafePointer<Float>, _ outputs: Int,
  into target: UnsafeMutablePointer<Float>
) {
  let line = plan.kernel.width * plan.channels, padded = plan.paddedWidth * plan.channels
  let scratch = Buffer(count: TileTarget.scratchCount)
  Profile.shared.multiplied(plan.places, outputs, plan.size)
  let path = ReductionPath(
    length: plan.columns, aStep: outputs, bStep: plan.stride * plan.channels, segments: plan.rows,
    aSegmentStride: plan.columns * outputs, bSegmentStride: plan.stride * padded)
  for row in 0..<plan.kernel.height {
    for column in stride(from: 0, to: line, by: 64) {
      let width = Swift.min(64, line - column)
      for output in stride(from: 0, to: outputs, by: GEMMBlocking.mr) {
        let count = Swift.min(GEMMBlocking.mr, outputs - output)
        microKernel(
          vectors: (width + 15) / 16, slope + output, stride: 1, image + row * padded + column,
          path,
          TileTarget(
            accumulatingInto: target + output * plan.size + row * line + column, stride: plan.size, rows: count,
            columns: width,
            scratch: scratch.pointer))
      }
    }
  }
}
