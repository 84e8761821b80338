/// The windows of a convolution: the pixels under the kernel for each output.
struct Windows {
  var batch: Int, height: Int, width: Int, channels: Int
  var kernel: (height: Int, width: Int), stride: Int
  /// Rows of zeros above the image and columns of zeros to its left; negative where windows begin inside.
  var top: Int, left: Int
  /// Rows and columns of outputs.
  var rows: Int, columns: Int

  /// Scalars of one window, [kernel height, kernel width, channels].
  var size: Int { kernel.height * kernel.width * channels }
  /// Windows of one image.
  var countPerImage: Int { rows * columns }
  /// Rows and columns of an image that windows touch, zeros around it included.
  var paddedHeight: Int { (rows - 1) * stride + kernel.height }
  var paddedWidth: Int { (columns - 1) * stride + kernel.width }
  /// Scalars of a padded image, and 64 more, since whole panels of vectors are read.
  var paddedCount: Int { paddedHeight * paddedWidth * channels + 64 }
  /// Offsets of the windows of an image in the padded one.
  var offsets: [Int] {
    (0..<countPerImage).map { ($0 / columns * stride * paddedWidth + $0 % columns * stride) * channels }
  }

  /// The windows of an image [height, width, in] of `batch`, for `kernel` and zeros around the image.
  init(shape: [Int], kernel: (height: Int, width: Int), stride: Int, padding: Padding) {
    (batch, height, width, channels) = (shape[0], shape[1], shape[2], shape[3])
    (self.kernel, self.stride, top, left) = (kernel, stride, padding.top, padding.left)
    rows = (height + padding.top + padding.bottom - kernel.height) / stride + 1
    columns = (width + padding.left + padding.right - kernel.width) / stride + 1
  }

  /// The windows of the transposed convolution at stride 1: they slide over the outputs, and give one result for each
  /// pixel.
  func transposed(outputs: Int) -> Windows {
    var other = self
    (other.height, other.width, other.channels, other.rows, other.columns) = (rows, columns, outputs, height, width)
    (other.top, other.left) = (kernel.height - 1 - top, kernel.width - 1 - left)
    return other
  }

  /// im2col: some windows as rows of a matrix [range, kernel height, kernel width, channels], zeros beyond the image.
  func unfold(_ images: UnsafePointer<Float>, _ range: Range<Int>, into target: UnsafeMutablePointer<Float>) {
    forEachKernelRow(range) { window, kernelRow, x, y, image in
      let to = target + (window - range.lowerBound) * size + kernelRow * kernel.width * channels
      guard y >= 0 && y < height else { return to.update(repeating: 0, count: kernel.width * channels) }
      let start = Swift.max(0, -x), end = Swift.min(kernel.width, width - x)
      if start > 0 { to.update(repeating: 0, count: start * channels) }
      if end > start {
        (to + start * channels).update(
          from: images + (image + y * width + x + start) * channels, count: (end - start) * channels)
      }
      if end < kernel.width { (to + end * channels).update(repeating: 0, count: (kernel.width - end) * channels) }
    }
  }

  /// col2im, the transpose of `unfold`: adds the scalars of some windows to the pixels that they were read from.
  func fold(_ windows: UnsafePointer<Float>, _ range: Range<Int>, into images: UnsafeMutablePointer<Float>) {
    forEachKernelRow(range) { window, kernelRow, x, y, image in
      guard y >= 0 && y < height else { return }
      let source = windows + (window - range.lowerBound) * size + kernelRow * kernel.width * channels
      let start = Swift.max(0, -x), end = Swift.min(kernel.width, width - x)
      guard end > start else { return }
      let to = images + (image + y * width + x + start) * channels, from = source + start * channels
      for i in 0..<(end - start) * channels { to[i] += from[i] }
    }
  }

  /// Visits the rows of each window: its number, the row of the kernel, the pixel (x, y) under the first element of
  /// that row, and the number of the image's first pixel.
  @inline(__always)
  private func forEachKernelRow(
    _ range: Range<Int>, _ visit: (_ window: Int, _ kernelRow: Int, _ x: Int, _ y: Int, _ image: Int) -> Void
  ) {
    for window in range {
      let column = window % columns, row = window / columns % rows, sample = window / (columns * rows)
      for kernelRow in 0..<kernel.height {
        visit(window, kernelRow, column * stride - left, row * stride - top + kernelRow, sample * height * width)
      }
    }
  }

  /// One image with zeros around it, as far as windows reach: [paddedHeight, paddedWidth, channels].
  func pad(_ images: UnsafePointer<Float>, _ sample: Int, into target: UnsafeMutablePointer<Float>) {
    let rowSize = paddedWidth * channels, image = images + sample * height * width * channels
    let start = Swift.max(0, left), end = Swift.max(start, Swift.min(paddedWidth, left + width))
    for y in 0..<paddedHeight {
      let to = target + y * rowSize, row = y - top
      guard row >= 0 && row < height else {
        to.update(repeating: 0, count: rowSize)
        continue
      }
      to.update(repeating: 0, count: start * channels)
      (to + start * channels).update(
        from: image + (row * width + start - left) * channels, count: (end - start) * channels)
      (to + end * channels).update(repeating: 0, count: rowSize - end * channels)
    }
    (target + paddedHeight * rowSize).update(repeating: 0, count: paddedCount - paddedHeight * rowSize)
  }
}
