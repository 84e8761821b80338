extension Tensor {
  /// A 2-D convolution (in fact a cross-correlation, as everywhere in the field) with zero padding.
  ///
  /// self [batch, height, width, in], weight [out, kernel height, kernel width, in], bias [out]; result
  /// [batch, rows, columns, out]. Windows are multiplied where they lie in a padded image, without im2col; 3x3
  /// kernels at stride 1 go by Winograd's tiles where that is faster.
  public func convolved(_ weight: Tensor, _ bias: Tensor?, stride: Int = 1, padding: Padding) -> Tensor {
    precondition(
      shape.count == 4 && weight.shape.count == 4 && weight.shape[3] == shape[3],
      "a kernel of shape \(weight.shape) does not fit images of shape \(shape)")
    let outputs = weight.shape[0], kernel = (height: weight.shape[1], width: weight.shape[2])
    let windows = Windows(shape: shape, kernel: kernel, stride: stride, padding: padding)
    precondition(windows.rows > 0 && windows.columns > 0, "a kernel of shape \(weight.shape) is larger than \(shape)")
    // A kernel of one pixel is a linear layer over channels.
    if kernel == (1, 1) && stride == 1 && padding.isNone {
      return linear(weight.reshaped([outputs, shape[3]]), bias)
    }
    let value = Tensor(unfilled: [windows.batch, windows.rows, windows.columns, outputs]) { target in
      windows.correlate(
        buffer.pointer, Matrix(pointer: weight.buffer.pointer, stride: windows.size, transposed: true),
        outputs: outputs, bias: bias.map { UnsafePointer($0.buffer.pointer) }, into: target.baseAddress!)
    }
    let inputRequiresGradient = isTracked
    return value.recorded(inputs: [self, weight] + (bias.map { [$0] } ?? [])) {
      [self = detached, weight = weight.detached] g in
      let gradients = [
        inputRequiresGradient ? self.imageGradient(windows, weight, g) : nil, self.kernelGradient(windows, weight, g),
      ]
      return bias == nil ? gradients : gradients + [g.columnSums(width: outputs)]
    }
  }

  /// The gradient of the images: at stride 1 the correlation of the outputs' gradient with the kernel rotated by 180
  /// degrees.
  private func imageGradient(_ windows: Windows, _ weight: Tensor, _ g: Tensor) -> Tensor {
    let outputs = weight.shape[0], kernel = windows.kernel, channels = windows.channels
    guard windows.stride == 1 else { return foldedImageGradient(windows, weight, g) }
    let rotated = Buffer(count: weight.count)  // [kernel height, kernel width, out, in]
    for y in 0..<kernel.height {
      for x in 0..<kernel.width {
        for o in 0..<outputs {
          let from = ((o * kernel.height + kernel.height - 1 - y) * kernel.width + kernel.width - 1 - x) * channels
          (rotated.pointer + ((y * kernel.width + x) * outputs + o) * channels)
            .update(from: weight.buffer.pointer + from, count: channels)
        }
      }
    }
    return Tensor(unfilled: shape) { target in
      windows.transposed(outputs: outputs).correlate(
        g.buffer.pointer, Matrix(pointer: rotated.pointer, stride: channels), outputs: channels, bias: nil,
        into: target.baseAddress!)
    }
  }

  /// The gradient of the images for any stride: the gradients of all windows, g W, folded (col2im).
  private func foldedImageGradient(_ windows: Windows, _ weight: Tensor, _ g: Tensor) -> Tensor {
    let count = windows.countPerImage, outputs = weight.shape[0], result = Tensor(zeros: shape)
    parallel(windows.batch, cost: count * windows.size * outputs / 8) { samples in
      let unfolded = Buffer(count: count * windows.size)  // [rows * columns, kernel height, kernel width, channels]
      for sample in samples {
        gemm(
          GEMMShape(m: count, n: windows.size, k: outputs),
          Matrix(pointer: g.buffer.pointer + sample * count * outputs, stride: outputs),
          Matrix(pointer: weight.buffer.pointer, stride: windows.size),
          into: OutputMatrix(pointer: unfolded.pointer, stride: windows.size))
        windows.fold(unfolded.pointer, sample * count..<(sample + 1) * count, into: result.buffer.pointer)
      }
    }
    return result
  }

  /// The gradient of the kernel [out, kernel height, kernel width, in].
  ///
  /// Up to eight parts of the batch are summed separately and then in order, whatever the number of threads.
  private func kernelGradient(_ windows: Windows, _ weight: Tensor, _ g: Tensor) -> Tensor {
    let count = windows.countPerImage, outputs = weight.shape[0], parts = Swift.min(8, windows.batch)
    if let winograd = Winograd(windows, outputs: outputs) {
      return winograd.kernelGradient(buffer.pointer, g.buffer.pointer)
    }
    let length = (windows.batch + parts - 1) / parts, sums = Tensor(zeros: [parts] + weight.shape)
    parallel(parts, cost: length * count * windows.size * outputs / 8) { range in
      let scratch = Buffer(count: usesMicroKernels ? windows.paddedCount : count * windows.size)
      for part in range {
        // [outputs, kernel height, kernel width, channels]
        let sum = sums.buffer.pointer + part * weight.count
        for sample in part * length..<Swift.max(part * length, Swift.min(windows.batch, (part + 1) * length)) {
          // [rows * columns, outputs]
          let dout = g.buffer.pointer + sample * count * outputs
          if usesMicroKernels {
            windows.pad(buffer.pointer, sample, into: scratch.pointer)
            windows.addKernelGradient(scratch.pointer, dout, outputs: outputs, to: sum)
          } else {
            windows.unfold(buffer.pointer, sample * count..<(sample + 1) * count, into: scratch.pointer)
            gemm(
              GEMMShape(m: outputs, n: windows.size, k: count),
              Matrix(pointer: dout, stride: outputs, transposed: true),
              Matrix(pointer: scratch.pointer, stride: windows.size),
              into: OutputMatrix(pointer: sum, stride: windows.size), epilogue: GEMMEpilogue(addend: .output))
          }
        }
      }
    }
    return sums.columnSums(width: weight.count).reshaped(weight.shape)
  }
}
