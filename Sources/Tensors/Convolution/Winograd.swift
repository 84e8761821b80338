/// A 3x3 convolution at stride 1 by tiles of 2x2 outputs: 16 multiplications where the sum over windows takes 36
/// (minimal filtering F(2x2, 3x3); Winograd 1980; Lavin and Gray 2015, arXiv 1509.09308, sections 3 and 4).
///
/// For a tile of 4x4 pixels d and a kernel g the outputs are y = A^T [(G g G^T) * (B^T d B)] A. The elementwise
/// product, summed over channels, is sixteen matrix products, one for each element of the 4x4 tile. A, B and G hold
/// only ones and halves, so that results differ from sums over windows by a few roundings.
struct Winograd {
  /// The windows, their rows and columns rounded up to whole tiles.
  let windows: Windows
  /// Rows and columns of outputs that exist.
  let rows: Int, columns: Int
  let outputs: Int
  /// Tiles that are processed at once: their transforms stay in the second-level cache.
  let block: Int

  /// nil where the sum over windows is faster: with few channels the transforms take too large a part of the time.
  init?(_ windows: Windows, outputs: Int) {
    guard usesMicroKernels, windows.kernel == (3, 3), windows.stride == 1,
      Swift.min(windows.channels, outputs) >= 32, windows.channels % 16 == 0, outputs % 16 == 0
    else { return nil }
    (rows, columns, self.outputs) = (windows.rows, windows.columns, outputs)
    var whole = windows
    (whole.rows, whole.columns) = ((windows.rows + 1) / 2 * 2, (windows.columns + 1) / 2 * 2)
    self.windows = whole
    block = Swift.max(2, Swift.min(16, 1024 / Swift.max(windows.channels, outputs))) * GEMMBlocking.mr
  }

  var channels: Int { windows.channels }
  /// Tiles of one image.
  var tiles: Int { windows.rows / 2 * (windows.columns / 2) }

  /// Floats from one of the sixteen matrices [block, width] to the next: a vector more than they have, since all
  /// sixteen would otherwise compete for the same sets of the cache.
  func matrixStride(_ width: Int) -> Int { block &* width &+ 16 }

  /// Visits the tiles of some images, a block at a time.
  func forEachBlock(_ samples: Range<Int>, _ visit: (_ tile: Int, _ count: Int) -> Void) {
    for tile in stride(from: samples.lowerBound * tiles, to: samples.upperBound * tiles, by: block) {
      visit(tile, Swift.min(block, samples.upperBound * tiles - tile))
    }
  }

  /// The image of a tile, and its first row and column of outputs.
  func origin(_ tile: Int) -> (sample: Int, row: Int, column: Int) {
    let tilesPerRow = windows.columns / 2, number = tile % tiles
    return (tile / tiles, number / tilesPerRow * 2, number % tilesPerRow * 2)
  }

  /// The products of all windows with a kernel [9 channels, outputs], plus bias: [batch, rows, columns, outputs].
  func correlate(
    _ images: UnsafePointer<Float>, _ kernel: Matrix, _ bias: UnsafePointer<Float>?,
    into target: UnsafeMutablePointer<Float>
  ) {
    let kernels = transformedKernel(kernel), size = channels * outputs
    parallel(windows.batch, cost: tiles * 4 * size) { samples in
      Profile.shared.multiplied(samples.count * tiles, 16 * outputs, channels)
      let scratch = Buffer(count: TileTarget.scratchCount), image = PaddedImage(windows, images)
      let inputs = Buffer(count: 16 * matrixStride(channels)), products = Buffer(count: 16 * matrixStride(64))
      forEachBlock(samples) { tile, count in
        for t in 0..<count { transformInput(tile + t, image, into: inputs.pointer + t * channels) }
        for output in stride(from: 0, to: outputs, by: 64) {
          let width = Swift.min(64, outputs - output)
          // [block, channels] times [channels, width], sixteen times.
          for element in 0..<16 {
            for row in stride(from: 0, to: count, by: GEMMBlocking.mr) {
              microKernel(
                vectors: width / 16, inputs.pointer + (element * matrixStride(channels) + row * channels),
                stride: channels, kernels.pointer + (element * size + output * channels),
                ReductionPath(length: channels, aStep: 1, bStep: width),
                TileTarget(
                  pointer: products.pointer + (element * matrixStride(width) + row * width), stride: width,
                  rows: GEMMBlocking.mr, columns: width, scratch: scratch.pointer))
            }
          }
          for t in 0..<count {
            transformOutput(
              tile + t, products.pointer + t * width, width, bias.map { $0 + output }, into: target + output)
          }
        }
      }
    }
  }

  /// G g G^T of a kernel [9 channels, outputs]: sixteen matrices [channels, outputs], packed as operand B.
  private func transformedKernel(_ kernel: Matrix) -> Buffer {
    let transformed = Buffer(count: 16 * channels * outputs), packed = Buffer(count: 16 * channels * outputs)
    // As the kernel lies: rows of channels for each output, or of outputs for each channel.
    let (rows, length) = kernel.isTransposed ? (outputs, channels) : (channels, outputs)
    let step = kernel.isTransposed ? channels : channels * kernel.stride, size = channels * outputs
    parallel(rows, cost: 4 * length) { range in
      for row in range {
        let from = kernel.pointer + row * kernel.stride, to = transformed.pointer + row * length
        for i in stride(from: 0, to: length, by: 16) {
          func kernelRow(_ y: Int) -> Vector16x4 {
            let p = from + (i + 3 * y * step)
            return Vector16x4(timesG: p[vector: 0], p[vector: step], p[vector: 2 * step])
          }
          // G g: rows top, (top + middle + bottom) / 2, (top - middle + bottom) / 2, bottom; each times G^T already.
          let (top, middle, bottom) = (kernelRow(0), kernelRow(1), kernelRow(2)), outer = top + bottom
          top.store(to + i, size)
          ((outer + middle) * 0.5).store(to + (4 * size + i), size)
          ((outer - middle) * 0.5).store(to + (8 * size + i), size)
          bottom.store(to + (12 * size + i), size)
        }
      }
    }
    parallel(16, cost: size / 4) { range in
      for element in range {
        pack(
          Matrix(pointer: transformed.pointer + element * size, stride: length, transposed: kernel.isTransposed),
          rows: 0..<channels, columns: 0..<outputs, into: packed.pointer + element * size)
      }
    }
    return packed
  }

  /// B^T d B of the 4x4 pixels under a tile: sixteen rows [channels] with a stride of `matrixStride`.
  func transformInput(_ tile: Int, _ image: PaddedImage, into target: UnsafeMutablePointer<Float>) {
    let (sample, row, column) = origin(tile), rowSize = windows.paddedWidth * channels, step = matrixStride(channels)
    let first = image.pointer(sample) + (row * rowSize + column * channels)
    for channel in stride(from: 0, to: channels, by: 16) {
      let from = first + channel, to = target + channel
      let (r0, r1) = (Vector16x4(from, channels), Vector16x4(from + rowSize, channels))
      let (r2, r3) = (Vector16x4(from + 2 * rowSize, channels), Vector16x4(from + 3 * rowSize, channels))
      // B^T d: rows r0 - r2, r1 + r2, r2 - r1, r1 - r3; each then times B.
      (r0 - r2).timesB.store(to, step)
      (r1 + r2).timesB.store(to + 4 * step, step)
      (r2 - r1).timesB.store(to + 8 * step, step)
      (r1 - r3).timesB.store(to + 12 * step, step)
    }
  }

  /// A^T m A of the products of a tile, sixteen rows [width], plus bias, written to the outputs that exist.
  private func transformOutput(
    _ tile: Int, _ products: UnsafePointer<Float>, _ width: Int, _ bias: UnsafePointer<Float>?,
    into target: UnsafeMutablePointer<Float>
  ) {
    let (sample, row, column) = origin(tile), step = matrixStride(width)
    let to = target + ((sample * rows + row) * columns + column) * outputs
    let (hasBelow, hasRight) = (row + 1 < rows, column + 1 < columns)
    for i in stride(from: 0, to: width, by: 16) {
      let from = products + i, addend = bias.map { $0[vector: i] } ?? Vector16(repeating: 0)
      let (r0, r1) = (Vector16x4(from, step), Vector16x4(from + 4 * step, step))
      let (r2, r3) = (Vector16x4(from + 8 * step, step), Vector16x4(from + 12 * step, step))
      // A^T m: rows r0 + r1 + r2 and r1 - r2 - r3; each then times A.
      let (top, bottom) = ((r0 + r1 + r2).timesA, (r1 - r2 - r3).timesA)
      to[vector: i] = top.left + addend
      if hasRight { to[vector: outputs &+ i] = top.right + addend }
      if hasBelow {
        to[vector: columns &* outputs &+ i] = bottom.left + addend
        if hasRight { to[vector: (columns &+ 1) &* outputs &+ i] = bottom.right + addend }
      }
    }
  }
}
