extension Windows {
  /// The products of all windows with a kernel [size, outputs], plus bias [outputs]: [batch, rows, columns, outputs].
  ///
  /// A row of a window is contiguous in the padded image, [kernel width, channels], and rows follow each other at the
  /// stride of the image. So the sum over k has one segment for each row of the kernel, and nothing is unfolded.
  func correlate(
    _ images: UnsafePointer<Float>, _ kernelMatrix: Matrix, outputs: Int, bias: UnsafePointer<Float>?,
    into target: UnsafeMutablePointer<Float>
  ) {
    if let winograd = Winograd(self, outputs: outputs) {
      return winograd.correlate(images, kernelMatrix, bias, into: target)
    }
    guard usesMicroKernels else {
      return correlateUnfolded(images, kernelMatrix, outputs: outputs, bias: bias, into: target)
    }
    // The kernel as operand B: panels [size, 64] of outputs.
    let packed = Buffer(count: size * (outputs + 15) / 16 * 16 + 16 * size)
    pack(kernelMatrix, rows: 0..<size, columns: 0..<outputs, into: packed.pointer)
    let rowLength = kernel.width * channels, offsets = offsets, count = countPerImage
    parallel(batch, cost: count * size * outputs / 16) { samples in
      let padded = Buffer(count: paddedCount), image = UnsafePointer(padded.pointer)
      let scratch = Buffer(count: TileTarget.scratchCount)
      for sample in samples {
        Profile.shared.multiplied(count, outputs, size)
        pad(images, sample, into: padded.pointer)
        offsets.withUnsafeBufferPointer { offsets in
          var panel = UnsafePointer(packed.pointer)
          for output in Swift.stride(from: 0, to: outputs, by: 64) {
            let width = Swift.min(64, outputs - output), vectors = (width + 15) / 16
            // Operand A: for each window a row [kernel width * channels] in each of kernel height rows of the image.
            let path = ReductionPath(
              length: rowLength, aStep: 1, bStep: 16 * vectors, segments: kernel.height,
              aSegmentStride: paddedWidth * channels, bSegmentStride: rowLength * 16 * vectors)
            for window in Swift.stride(from: 0, to: count, by: GEMMBlocking.mr) {
              let rows = Swift.min(GEMMBlocking.mr, count - window)
              microKernel(
                vectors: vectors, GatheredPanelA({ image + offsets[window &+ $0] }, count: rows), panel, path,
                TileTarget(
                  pointer: target + (sample * count + window) * outputs + output, stride: outputs, rows: rows,
                  columns: width, bias: bias.map { $0 + output }, scratch: scratch.pointer))
            }
            panel += size * 16 * vectors
          }
        }
      }
    }
  }

  /// The products of all windows by im2col and the BLAS library.
  private func correlateUnfolded(
    _ images: UnsafePointer<Float>, _ kernelMatrix: Matrix, outputs: Int, bias: UnsafePointer<Float>?,
    into target: UnsafeMutablePointer<Float>
  ) {
    let count = countPerImage
    parallel(batch, cost: count * size * outputs / 16) { samples in
      let unfolded = Buffer(count: count * size)
      for sample in samples {
        unfold(images, sample * count..<(sample + 1) * count, into: unfolded.pointer)
        gemm(
          GEMMShape(m: count, n: outputs, k: size), Matrix(pointer: unfolded.pointer, stride: size), kernelMatrix,
          into: OutputMatrix(pointer: target + sample * count * outputs, stride: outputs),
          epilogue: GEMMEpilogue(bias: bias))
      }
    }
  }

  /// Adds the gradient of the kernel [outputs, size] from one padded image and the gradient `dout` [rows, columns,
  /// outputs]: dout^T [outputs, windows] times windows [windows, size], one segment of the sum for each row of
  /// outputs.
  func addKernelGradient(
    _ image: UnsafePointer<Float>, _ dout: UnsafePointer<Float>, outputs: Int, to target: UnsafeMutablePointer<Float>
  ) {
    let rowLength = kernel.width * channels, rowStride = paddedWidth * channels
    let scratch = Buffer(count: TileTarget.scratchCount)
    Profile.shared.multiplied(countPerImage, outputs, size)
    // k runs along a row of outputs: A = dout^T moves by `outputs`, B by one window; then both go to the next row.
    let path = ReductionPath(
      length: columns, aStep: outputs, bStep: stride * channels, segments: rows, aSegmentStride: columns * outputs,
      bSegmentStride: stride * rowStride)
    for row in 0..<kernel.height {
      for column in Swift.stride(from: 0, to: rowLength, by: 64) {
        let width = Swift.min(64, rowLength - column)
        // Windows overlap: B of a kernel element is the image, shifted by its row and column.
        for output in Swift.stride(from: 0, to: outputs, by: GEMMBlocking.mr) {
          microKernel(
            vectors: (width + 15) / 16, dout + output, stride: 1, image + row * rowStride + column, path,
            TileTarget(
              accumulatingInto: target + output * size + row * rowLength + column, stride: size,
              rows: Swift.min(GEMMBlocking.mr, outputs - output), columns: width, scratch: scratch.pointer))
        }
      }
    }
  }
}
