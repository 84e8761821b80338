/// A convolution of 3x3 at stride 1 by tiles of 2x2 outputs: 16 products where the sum over windows takes 36
/// (minimal filtering F(2x2, 3x3); Winograd 1980; Lavin and Gray 2015, arXiv 1509.09308, sections 3 and 4).
///
/// Four by four pixels become sixteen sums of them, the kernel becomes sixteen matrices, and what their products add up to
/// becomes four outputs: y = A^T [(G g G^T) * (B^T d B)] A. Only ones and halves stand in A, B and G, so that results differ
/// from sums over windows by a few roundings.
struct Winograd {
  /// The windows, their rows and columns rounded up to whole tiles.
  let plan: Windows
  /// Rows and columns of outputs that are real.
  let rows: Int, columns: Int
  let outputs: Int
  /// Tiles that are worked on at once: what they become stays in the second-level cache.
  let block: Int

  /// nil where another way is better: few channels leave the sums before and after the products too large a part.
  init?(_ plan: Windows, outputs: Int) {
    guard usesMicroKernels, plan.kernel == (3, 3), plan.stride == 1, Swift.min(plan.channels, outputs) >= 32,
      plan.channels % 16 == 0, outputs % 16 == 0
    else { return nil }
    (rows, columns, self.outputs) = (plan.rows, plan.columns, outputs)
    var whole = plan
    (whole.rows, whole.columns) = ((plan.rows + 1) / 2 * 2, (plan.columns + 1) / 2 * 2)
    self.plan = whole
    block = Swift.max(2, Swift.min(16, 1024 / Swift.max(plan.channels, outputs))) * GEMMBlocking.mr
  }

  private var channels: Int { plan.channels }
  /// From one of the sixteen parts of a block to the next, for so many channels: a vector more than there are, or all parts
  /// would fall on the same few lines of the cache.
  private func step(_ width: Int) -> Int { block &* width &+ 16 }
  /// Tiles of one image.
  private var tiles: Int { plan.rows / 2 * (plan.columns / 2) }

  // MARK: The kernel

  /// G g G^T of a kernel [9 channels, outputs], sixteen matrices [channels, outputs] in panels of 64 outputs.
  private func kernels(_ kernel: Matrix) -> Buffer {
    let made = Buffer(count: 16 * channels * outputs), packed = Buffer(count: 16 * channels * outputs)
    // As the kernel lies: lines of channels for each output, or of outputs for each channel.
    let (lines, length) = kernel.isTransposed ? (outputs, channels) : (channels, outputs)
    let step = kernel.isTransposed ? channels : channels * kernel.stride, size = channels * outputs
    parallel(lines, cost: 4 * length) { range in
      for line in range {
        let from = kernel.pointer + line * kernel.stride, to = made.pointer + line * length
        for at in stride(from: 0, to: length, by: 16) {
          func row(_ y: Int) -> Four {
            let at = from + (at + 3 * y * step)
            return Four(kernel: at[vector: 0], at[vector: step], at[vector: 2 * step])
          }
          let (above, middle, below) = (row(0), row(1), row(2)), outer = above + below
          above.store(to + at, size)
          ((outer + middle) * 0.5).store(to + (4 * size + at), size)
          ((outer - middle) * 0.5).store(to + (8 * size + at), size)
          below.store(to + (12 * size + at), size)
        }
      }
    }
    parallel(16, cost: size / 4) { range in
      for part in range {
        pack(
          Matrix(pointer: made.pointer + part * size, stride: length, transposed: kernel.isTransposed),
          rows: 0..<channels, columns: 0..<outputs, into: packed.pointer + part * size)
      }
    }
    return packed
  }

  // MARK: Forward

  /// The products of all windows with a kernel [9 channels, outputs], plus bias: [batch, rows, columns, outputs].
  func correlate(
    _ images: UnsafePointer<Float>, _ kernel: Matrix, _ bias: UnsafePointer<Float>?,
    into target: UnsafeMutablePointer<Float>
  ) {
    let kernels = kernels(kernel), size = channels * outputs
    parallel(plan.batch, cost: tiles * 4 * size) { samples in
      Profile.shared.multiplied(samples.count * tiles, 16 * outputs, channels)
      let scratch = Buffer(count: TileTarget.scratchCount), image = PaddedImage(plan, images)
      let inputs = Buffer(count: 16 * step(channels)), sums = Buffer(count: 16 * step(64))
      each(samples) { tile, count in
        for t in 0..<count { input(tile + t, image, into: inputs.pointer + t * channels) }
        for output in stride(from: 0, to: outputs, by: 64) {
          let width = Swift.min(64, outputs - output)
          for part in 0..<16 {
            for row in stride(from: 0, to: count, by: GEMMBlocking.mr) {
              Tensors.microKernel(
                vectors: width / 16,
                inputs.pointer + (part * step(channels) + row * channels), stride: channels,
                kernels.pointer + (part * size + output * channels),
                ReductionPath(length: channels, aStep: 1, bStep: width),
                TileTarget(
                  pointer: sums.pointer + (part * step(width) + row * width), stride: width, rows: GEMMBlocking.mr,
                  columns: width, scratch: scratch.pointer))
            }
          }
          for t in 0..<count {
            place(
              tile + t, sums.pointer + t * width, width, bias.map { $0 + output }, into: target + output)
          }
        }
      }
    }
  }

  /// Visits the tiles of some images, a block at a time.
  private func each(_ samples: Range<Int>, _ visit: (_ tile: Int, _ count: Int) -> Void) {
    for tile in stride(from: samples.lowerBound * tiles, to: samples.upperBound * tiles, by: block) {
      visit(tile, Swift.min(block, samples.upperBound * tiles - tile))
    }
  }

  /// The image of a tile, and its first row and column of outputs.
  private func corner(_ tile: Int) -> (sample: Int, row: Int, column: Int) {
    let across = plan.columns / 2, own = tile % tiles
    return (tile / tiles, own / across * 2, own % across * 2)
  }

  /// B^T d B of the pixels under a tile: sixteen parts of [block, channels].
  private func input(_ tile: Int, _ image: PaddedImage, into target: UnsafeMutablePointer<Float>) {
    let (sample, row, column) = corner(tile), line = plan.paddedWidth * channels, step = step(channels)
    let from = image.pointer(sample) + (row * line + column * channels)
    for channel in stride(from: 0, to: channels, by: 16) {
      let at = from + channel, to = target + channel
      let (r0, r1) = (Four(at, channels), Four(at + line, channels))
      let (r2, r3) = (Four(at + 2 * line, channels), Four(at + 3 * line, channels))
      (r0 - r2).spread.store(to, step)
      (r1 + r2).spread.store(to + 4 * step, step)
      (r2 - r1).spread.store(to + 8 * step, step)
      (r1 - r3).spread.store(to + 12 * step, step)
    }
  }

  /// A^T m A of the sums of a tile, sixteen parts of [block, width], put where its outputs belong.
  private func place(
    _ tile: Int, _ sums: UnsafePointer<Float>, _ width: Int, _ bias: UnsafePointer<Float>?,
    into target: UnsafeMutablePointer<Float>
  ) {
    let (sample, row, column) = corner(tile), step = step(width)
    let to = target + ((sample * rows + row) * columns + column) * outputs
    let (hasBelow, hasRight) = (row + 1 < rows, column + 1 < columns)
    for at in stride(from: 0, to: width, by: 16) {
      let from = sums + at, added = bias.map { $0[vector: at] } ?? Vector16(repeating: 0)
      let (r0, r1) = (Four(from, step), Four(from + 4 * step, step))
      let (r2, r3) = (Four(from + 8 * step, step), Four(from + 12 * step, step))
      let (above, below) = ((r0 + r1 + r2).gathered, (r1 - r2 - r3).gathered)
      to[vector: at] = above.left + added
      if hasRight { to[vector: outputs &+ at] = above.right + added }
      if hasBelow {
        to[vector: columns &* outputs &+ at] = below.left + added
        if hasRight { to[vector: (columns &+ 1) &* outputs &+ at] = below.right + added }
      }
    }
  }

  // MARK: The gradient of the kernel

  /// What images and the gradient [batch, rows, columns, outputs] of their convolution say about the kernel
  /// [outputs, 3, 3, channels]: G^T [(A g A^T)^T (B^T d B)] G.
  ///
  /// Up to eight parts of the batch are summed apart and then in order, however many threads there are.
  func kernelGradient(_ images: UnsafePointer<Float>, _ slopes: UnsafePointer<Float>) -> Tensor {
    let parts = Swift.min(8, plan.batch), share = (plan.batch + parts - 1) / parts, size = channels * outputs
    let sums = Tensor(zeros: [parts, 16 * size])
    parallel(parts, cost: share * tiles * 4 * size) { range in
      let scratch = Buffer(count: TileTarget.scratchCount), image = PaddedImage(plan, images)
      let inputs = Buffer(count: 16 * step(channels)), spread = Buffer(count: 16 * step(outputs))
      for part in range {
        let samples = Swift.min(plan.batch, part * share)..<Swift.min(plan.batch, (part + 1) * share)
        Profile.shared.multiplied(samples.count * tiles, 16 * outputs, channels)
        each(samples) { tile, count in
          for t in 0..<count {
            input(tile + t, image, into: inputs.pointer + t * channels)
            slope(tile + t, slopes, into: spread.pointer + t * outputs)
          }
          for number in 0..<16 {
            add(
              number, count, inputs.pointer, spread.pointer, scratch.pointer,
              to: sums.buffer.pointer + (part * 16 + number) * size)
          }
        }
      }
    }
    return gathered(sums.columnSums(width: 16 * size))
  }

  /// Adds one of the sixteen products [outputs, channels] of some tiles.
  private func add(
    _ number: Int, _ count: Int, _ inputs: UnsafePointer<Float>, _ slopes: UnsafePointer<Float>,
    _ scratch: UnsafeMutablePointer<Float>, to target: UnsafeMutablePointer<Float>
  ) {
    let slopes = slopes + number * step(outputs), inputs = inputs + number * step(channels)
    for channel in stride(from: 0, to: channels, by: 64) {
      let width = Swift.min(64, channels - channel)
      for output in stride(from: 0, to: outputs, by: GEMMBlocking.mr) {
        let height = Swift.min(GEMMBlocking.mr, outputs - output)
        Tensors.microKernel(
          vectors: width / 16, slopes + output, stride: 1, inputs + channel,
          ReductionPath(length: count, aStep: outputs, bStep: channels),
          TileTarget(
            accumulatingInto: target + (output * channels + channel), stride: channels, rows: height, columns: width,
            scratch: scratch))
      }
    }
  }

  /// A g A^T of the gradient of a tile's outputs: sixteen parts of [block, outputs].
  private func slope(_ tile: Int, _ slopes: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
    let (sample, row, column) = corner(tile), step = step(outputs), zero = Vector16(repeating: 0)
    let from = slopes + ((sample * rows + row) * columns + column) * outputs
    let (hasBelow, hasRight) = (row + 1 < rows, column + 1 < columns)
    for at in stride(from: 0, to: outputs, by: 16) {
      let to = target + at
      let above = Four(slopes: from[vector: at], hasRight ? from[vector: outputs &+ at] : zero)
      let below = Four(
        slopes: hasBelow ? from[vector: columns &* outputs &+ at] : zero,
        hasBelow && hasRight ? from[vector: (columns &+ 1) &* outputs &+ at] : zero)
      above.store(to, step)
      (above + below).store(to + 4 * step, step)
      (above - below).store(to + 8 * step, step)
      (below * -1).store(to + 12 * step, step)
    }
  }

  /// G^T u G of sixteen matrices [outputs, channels]: [outputs, 3, 3, channels].
  private func gathered(_ sums: Tensor) -> Tensor {
    let size = channels * outputs, source = UnsafePointer(sums.buffer.pointer)
    return Tensor(unfilled: [outputs, 3, 3, channels]) { target in
      let target = target.baseAddress!
      parallel(outputs, cost: 4 * channels) { range in
        for output in range {
          for channel in stride(from: 0, to: channels, by: 16) {
            let from = source + (output * channels + channel), to = target + (output * 9 * channels + channel)
            let (u0, u3) = (Four(from, size), Four(from + 12 * size, size))
            let (u1, u2) = (Four(from + 4 * size, size), Four(from + 8 * size, size)), middle = (u1 + u2) * 0.5
            for (y, row) in [u0 + middle, (u1 - u2) * 0.5, u3 + middle].enumerated() {
              let (left, center, right) = row.kernel
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

/// One image at a time with its edge of zeros.
private final class PaddedImage {
  private let plan: Windows, images: UnsafePointer<Float>, padded: Buffer
  private var sample = -1

  init(_ plan: Windows, _ images: UnsafePointer<Float>) {
    (self.plan, self.images, padded) = (plan, images, Buffer(count: plan.paddedCount))
  }

  func pointer(_ sample: Int) -> UnsafePointer<Float> {
    if sample != self.sample { plan.pad(images, sample, into: padded.pointer) }
    self.sample = sample
    return UnsafePointer(padded.pointer)
  }
}

/// Four registers in a row of a tile.
private struct Four {
  var a: Vector16, b: Vector16, c: Vector16, d: Vector16

  @inline(__always) init(_ a: Vector16, _ b: Vector16, _ c: Vector16, _ d: Vector16) {
    (self.a, self.b, self.c, self.d) = (a, b, c, d)
  }

  @inline(__always) init(_ from: UnsafePointer<Float>, _ step: Int) {
    self.init(from[vector: 0], from[vector: step], from[vector: 2 &* step], from[vector: 3 &* step])
  }

  /// A row of a kernel times G^T.
  @inline(__always) init(kernel left: Vector16, _ center: Vector16, _ right: Vector16) {
    self.init(left, (left + right + center) * 0.5, (left + right - center) * 0.5, right)
  }

  /// A row of gradients times A^T.
  @inline(__always) init(slopes left: Vector16, _ right: Vector16) {
    self.init(left, left + right, left - right, 0 - right)
  }

  /// Times B.
  @inline(__always) var spread: Four { Four(a - c, b + c, c - b, b - d) }
  /// Times A.
  @inline(__always) var gathered: (left: Vector16, right: Vector16) { (a + b + c, b - c - d) }
  /// Times G.
  @inline(__always) var kernel: (Vector16, Vector16, Vector16) {
    let middle = (b + c) * 0.5
    return (a + middle, (b - c) * 0.5, d + middle)
  }

  @inline(__always) func store(_ to: UnsafeMutablePointer<Float>, _ step: Int) {
    to[vector: 0] = a
    to[vector: step] = b
    to[vector: 2 &* step] = c
    to[vector: 3 &* step] = d
  }

  @inline(__always) static func + (x: Four, y: Four) -> Four { Four(x.a + y.a, x.b + y.b, x.c + y.c, x.d + y.d) }
  @inline(__always) static func - (x: Four, y: Four) -> Four { Four(x.a - y.a, x.b - y.b, x.c - y.c, x.d - y.d) }
  @inline(__always) static func * (x: Four, y: Float) -> Four { Four(x.a * y, x.b * y, x.c * y, x.d * y) }
}
