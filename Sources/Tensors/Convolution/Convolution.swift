/// Where the windows of a convolution lie.
struct Windows {
  var batch: Int, height: Int, width: Int, channels: Int
  var kernel: (height: Int, width: Int), stride: Int, top: Int, left: Int
  var rows: Int, columns: Int
  /// Scalars in one window.
  var size: Int { kernel.height * kernel.width * channels }
  var count: Int { batch * rows * columns }
  /// Windows of one image.
  var places: Int { rows * columns }
  /// The part of the plane that windows touch, edges included.
  var paddedHeight: Int { (rows - 1) * stride + kernel.height }
  var paddedWidth: Int { (columns - 1) * stride + kernel.width }
  /// Scalars of it, and some more, for whole vectors of 16 are read.
  var paddedCount: Int { paddedHeight * paddedWidth * channels + 64 }
  /// Where in the padded image each window starts.
  var starts: [Int] {
    (0..<places).map { ($0 / columns * stride * paddedWidth + $0 % columns * stride) * channels }
  }

  /// One window after another, [count, kernel height, kernel width, channels], zeros beyond the edge.
  func unfold(_ image: UnsafePointer<Float>, _ range: Range<Int>, into target: UnsafeMutablePointer<Float>) {
    each(range) { window, x, y, line, image0 in
      let to = target + (window - range.lowerBound) * size + line * kernel.width * channels
      guard y >= 0 && y < height else { return to.update(repeating: 0, count: kernel.width * channels) }
      let low = Swift.max(0, -x), high = Swift.min(kernel.width, width - x)
      if low > 0 { to.update(repeating: 0, count: low * channels) }
      if high > low {
        (to + low * channels).update(
          from: image + (image0 + y * width + x + low) * channels, count: (high - low) * channels)
      }
      if high < kernel.width { (to + high * channels).update(repeating: 0, count: (kernel.width - high) * channels) }
    }
  }

  /// The reverse: what lies in the windows added to where it came from.
  func fold(_ windows: UnsafePointer<Float>, _ range: Range<Int>, into image: UnsafeMutablePointer<Float>) {
    each(range) { window, x, y, line, image0 in
      guard y >= 0 && y < height else { return }
      let from = windows + (window - range.lowerBound) * size + line * kernel.width * channels
      let low = Swift.max(0, -x), high = Swift.min(kernel.width, width - x)
      guard high > low else { return }
      let to = image + (image0 + y * width + x + low) * channels, from0 = from + low * channels
      for i in 0..<(high - low) * channels { to[i] += from0[i] }
    }
  }

  /// Visits each line of each window: its number, where it starts (x, y), its line and the image's first place.
  @inline(__always)
  private func each(
    _ range: Range<Int>, _ visit: (_ window: Int, _ x: Int, _ y: Int, _ line: Int, _ image: Int) -> Void
  ) {
    for window in range {
      let column = window % columns, row = window / columns % rows, sample = window / (columns * rows)
      for line in 0..<kernel.height {
        visit(window, column * stride - left, row * stride - top + line, line, sample * height * width)
      }
    }
  }
}

/// Rows and columns of zeros around an image.
public struct Padding: Sendable {
  public var top: Int, bottom: Int, left: Int, right: Int
  public init(top: Int, bottom: Int, left: Int, right: Int) {
    self.top = top
    self.bottom = bottom
    self.left = left
    self.right = right
  }
  /// As much on every side.
  public static func all(_ count: Int) -> Padding { Padding(top: count, bottom: count, left: count, right: count) }
  /// As latent-diffusion autoencoders halve an image: one row below, one column to the right.
  public static let belowRight = Padding(top: 0, bottom: 1, left: 0, right: 1)
}

extension Tensor {
  /// A 2-D convolution (cross-correlation, as everywhere in the field) with zero padding.
  ///
  /// self [batch, height, width, in], weight [out, kernel height, kernel width, in], bias [out];
  /// result [batch, rows, columns, out]. Windows are multiplied where they lie in an image with its edge of zeros.
  public func convolved(_ weight: Tensor, _ bias: Tensor?, stride: Int = 1, padding: Padding) -> Tensor {
    precondition(
      shape.count == 4 && weight.shape.count == 4 && weight.shape[3] == shape[3],
      "a kernel of shape \(weight.shape) does not fit images of shape \(shape)")
    let outputs = weight.shape[0], kernel = (height: weight.shape[1], width: weight.shape[2])
    let plan = Windows(
      batch: shape[0], height: shape[1], width: shape[2], channels: shape[3], kernel: kernel, stride: stride,
      top: padding.top, left: padding.left,
      rows: (shape[1] + padding.top + padding.bottom - kernel.height) / stride + 1,
      columns: (shape[2] + padding.left + padding.right - kernel.width) / stride + 1)
    precondition(plan.rows > 0 && plan.columns > 0, "a kernel of shape \(weight.shape) is larger than \(shape)")
    if kernel == (1, 1) && stride == 1 && padding.top + padding.bottom + padding.left + padding.right == 0 {
      return linear(weight.reshaped([outputs, shape[3]]), bias)
    }
    let value = Tensor(unfilled: [plan.batch, plan.rows, plan.columns, outputs]) { target in
      correlate(
        plan, buffer.pointer, Matrix(pointer: weight.buffer.pointer, stride: plan.size, transposed: true), outputs,
        bias?.buffer.pointer, into: target.baseAddress!)
    }
    let wanted = isTracked
    return value.recorded(inputs: [self, weight] + (bias.map { [$0] } ?? [])) {
      [self = detached, weight = weight.detached] g in
      let parts = [wanted ? self.imageGradient(plan, weight, g) : nil, self.kernelGradient(plan, weight, g)]
      return bias == nil ? parts : parts + [g.columnSums(width: outputs)]
    }
  }

  /// The gradient of the image: at stride 1 a convolution of the gradient with the kernel turned around.
  private func imageGradient(_ plan: Windows, _ weight: Tensor, _ g: Tensor) -> Tensor {
    let outputs = weight.shape[0], kernel = plan.kernel, channels = plan.channels
    guard plan.stride == 1 else { return foldedGradient(plan, weight, g) }
    let turned = Buffer(count: weight.count)  // [kernel height, kernel width, out, in]
    for y in 0..<kernel.height {
      for x in 0..<kernel.width {
        for o in 0..<outputs {
          let from = ((o * kernel.height + kernel.height - 1 - y) * kernel.width + kernel.width - 1 - x) * channels
          (turned.pointer + ((y * kernel.width + x) * outputs + o) * channels)
            .update(from: weight.buffer.pointer + from, count: channels)
        }
      }
    }
    let back = Windows(
      batch: plan.batch, height: plan.rows, width: plan.columns, channels: outputs, kernel: kernel, stride: 1,
      top: kernel.height - 1 - plan.top, left: kernel.width - 1 - plan.left, rows: plan.height, columns: plan.width)
    return Tensor(unfilled: shape) { target in
      correlate(
        back, g.buffer.pointer, Matrix(pointer: turned.pointer, stride: channels), channels, nil,
        into: target.baseAddress!)
    }
  }

  /// The gradient of the image by way of windows, which are added to where they came from; for any stride.
  private func foldedGradient(_ plan: Windows, _ weight: Tensor, _ g: Tensor) -> Tensor {
    let places = plan.places, outputs = weight.shape[0], result = Tensor(zeros: shape)
    parallel(plan.batch, cost: places * plan.size * outputs / 8) { samples in
      let windows = Buffer(count: places * plan.size)
      for sample in samples {
        gemm(
          GEMMShape(m: places, n: plan.size, k: outputs),
          Matrix(pointer: g.buffer.pointer + sample * places * outputs, stride: outputs),
          Matrix(pointer: weight.buffer.pointer, stride: plan.size),
          into: OutputMatrix(pointer: windows.pointer, stride: plan.size))
        plan.fold(windows.pointer, sample * places..<(sample + 1) * places, into: result.buffer.pointer)
      }
    }
    return result
  }

  /// The gradient of the kernel. Up to eight parts of the batch are summed apart and then in order, however many
  /// threads there are.
  private func kernelGradient(_ plan: Windows, _ weight: Tensor, _ g: Tensor) -> Tensor {
    let places = plan.places, outputs = weight.shape[0], parts = Swift.min(8, plan.batch)
    if let winograd = Winograd(plan, outputs: outputs) {
      return winograd.kernelGradient(buffer.pointer, g.buffer.pointer)
    }
    let each = (plan.batch + parts - 1) / parts, sums = Tensor(zeros: [parts] + weight.shape)
    parallel(parts, cost: each * places * plan.size * outputs / 8) { range in
      let scratch = Buffer(count: usesMicroKernels ? plan.paddedCount : places * plan.size)
      for part in range {
        let to = sums.buffer.pointer + part * weight.count
        for sample in part * each..<Swift.max(part * each, Swift.min(plan.batch, (part + 1) * each)) {
          let slope = g.buffer.pointer + sample * places * outputs
          if usesMicroKernels {
            plan.pad(buffer.pointer, sample, into: scratch.pointer)
            addKernelGradient(plan, scratch.pointer, slope, outputs, into: to)
          } else {
            plan.unfold(buffer.pointer, sample * places..<(sample + 1) * places, into: scratch.pointer)
            gemm(
              GEMMShape(m: outputs, n: plan.size, k: places), Matrix(pointer: slope, stride: outputs, transposed: true),
              Matrix(pointer: scratch.pointer, stride: plan.size), into: OutputMatrix(pointer: to, stride: plan.size),
              epilogue: GEMMEpilogue(addend: .output))
          }
        }
      }
    }
    return sums.columnSums(width: weight.count).reshaped(weight.shape)
  }

  /// Each place doubled in both directions: [batch, h, w, c] to [batch, 2 h, 2 w, c].
  public var doubled: Tensor {
    let (batch, height, width, channels) = (shape[0], shape[1], shape[2], shape[3]), source = buffer.pointer
    let value = Tensor(unfilled: [batch, 2 * height, 2 * width, channels]) { target in
      let target = target.baseAddress!
      parallel(batch * height, cost: 4 * width * channels) { range in
        for row in range {
          let line = target + row * 4 * width * channels
          for x in 0..<width {
            let from = source + (row * width + x) * channels
            (line + 2 * x * channels).update(from: from, count: channels)
            (line + (2 * x + 1) * channels).update(from: from, count: channels)
          }
          (line + 2 * width * channels).update(from: line, count: 2 * width * channels)
        }
      }
    }
    return value.recorded(inputs: [self]) { g in
      [
        g.reshaped([batch * height, 2, width, 2, channels]).sum(axis: 3).sum(axis: 1).reshaped([
          batch, height, width, channels,
        ])
      ]
    }
  }
}
