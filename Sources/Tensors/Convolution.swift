/// Where the windows of a convolution lie.
private struct Windows {
  var batch: Int, height: Int, width: Int, channels: Int
  var kernel: (height: Int, width: Int), stride: Int, top: Int, left: Int
  var rows: Int, columns: Int
  /// Scalars in one window.
  var size: Int { kernel.height * kernel.width * channels }
  var count: Int { batch * rows * columns }

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
  /// result [batch, rows, columns, out]. The windows are laid out a few images at a time and multiplied as a matrix;
  /// they are made again on the way back, for they are nine times as large as the image.
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
    let places = plan.rows * plan.columns
    let value = Tensor(unfilled: [plan.batch, plan.rows, plan.columns, outputs]) { target in
      let target = target.baseAddress!, multiply = BLAS.loaded.multiply
      parallel(plan.batch, cost: places * plan.size * outputs / 8) { samples in
        withUnsafeTemporaryAllocation(byteCount: places * plan.size * 4, alignment: 64) { scratch in
          let windows = scratch.baseAddress!.assumingMemoryBound(to: Float.self)
          for sample in samples {
            let result = target + sample * places * outputs
            plan.unfold(buffer.pointer, sample * places..<(sample + 1) * places, into: windows)
            if let bias {
              for place in 0..<places { (result + place * outputs).update(from: bias.buffer.pointer, count: outputs) }
            }
            serialProduct(
              places, outputs, plan.size, Matrix(pointer: windows, stride: plan.size),
              Matrix(pointer: weight.buffer.pointer, stride: plan.size, transposed: true), into: result,
              stride: outputs, keep: bias == nil ? 0 : 1, by: multiply)
          }
        }
      }
    }
    let wanted = isTracked
    return value.from([self, weight] + (bias.map { [$0] } ?? [])) { [self = detached, weight = weight.detached] g in
      let parts = self.convolvedBack(plan, weight, g, wanted)
      return bias == nil ? parts : parts + [g.columnSums(width: outputs)]
    }
  }

  /// Gradients of image and kernel. Each thread sums its own samples' kernel gradients; the sums are added in order.
  private func convolvedBack(_ plan: Windows, _ weight: Tensor, _ g: Tensor, _ wanted: Bool) -> [Tensor?] {
    let places = plan.rows * plan.columns, outputs = weight.shape[0]
    let toSelf = wanted ? Tensor(zeros: shape) : nil
    // As many partial sums as samples allow, but no more than eight: independent of how many threads there are.
    let parts = Swift.min(8, plan.batch), each = (plan.batch + parts - 1) / parts
    let sums = Tensor(zeros: [parts] + weight.shape), multiply = BLAS.loaded.multiply
    parallel(parts, cost: each * places * plan.size * outputs / 4) { range in
      withUnsafeTemporaryAllocation(byteCount: places * plan.size * 4, alignment: 64) { scratch in
        let windows = scratch.baseAddress!.assumingMemoryBound(to: Float.self)
        for part in range {
          for sample in part * each..<Swift.max(part * each, Swift.min(plan.batch, (part + 1) * each)) {
            let slope = Matrix(pointer: g.buffer.pointer + sample * places * outputs, stride: outputs)
            plan.unfold(buffer.pointer, sample * places..<(sample + 1) * places, into: windows)
            serialProduct(
              outputs, plan.size, places, Matrix(pointer: slope.pointer, stride: outputs, transposed: true),
              Matrix(pointer: windows, stride: plan.size), into: sums.buffer.pointer + part * weight.count,
              stride: plan.size, keep: 1, by: multiply)
            guard let toSelf else { continue }
            serialProduct(
              places, plan.size, outputs, slope, Matrix(pointer: weight.buffer.pointer, stride: plan.size),
              into: windows, stride: plan.size, by: multiply)
            plan.fold(windows, sample * places..<(sample + 1) * places, into: toSelf.buffer.pointer)
          }
        }
      }
    }
    return [toSelf, sums.columnSums(width: weight.count).reshaped(weight.shape)]
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
    return value.from([self]) { g in
      [
        g.reshaped([batch * height, 2, width, 2, channels]).sum(axis: 3).sum(axis: 1).reshaped([
          batch, height, width, channels,
        ])
      ]
    }
  }
}
