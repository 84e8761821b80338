import Glibc

/// The filter of an antialiased resize; to shrink an image it is widened to the size of the new pixels.
public enum Kernel: String, CaseIterable, Sendable {
  /// Cubic convolution with a = -0.5 and support 2 (Keys 1981; Pillow's BICUBIC).
  case bicubic
  /// The mean, with support 1/2 (Pillow's BOX).
  case box

  /// Half the width of the filter, in pixels.
  var support: Double { self == .bicubic ? 2 : 0.5 }

  /// The weight at a distance of x pixels.
  func callAsFunction(_ x: Double) -> Double {
    switch self {
    case .box: return x > -0.5 && x <= 0.5 ? 1 : 0
    case .bicubic:
      let a = -0.5, x = abs(x)
      if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
      return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
    }
  }
}

extension ByteImage {
  /// The image resized with antialiasing; equal to Pillow's `resize` within 1 of 255.
  public func resized(height newHeight: Int, width newWidth: Int, _ kernel: Kernel = .bicubic) -> ByteImage {
    resized(height: newHeight, width: newWidth, kernel, rows: 0..<newHeight, columns: 0..<newWidth)
  }

  /// A part of the resized image, without computing the rest.
  private func resized(
    height newHeight: Int, width newWidth: Int, _ kernel: Kernel, rows: Range<Int>, columns: Range<Int>
  ) -> ByteImage {
    if newHeight == height && newWidth == width {
      return rows.count == height && columns.count == width ? self : part(rows, columns)
    }
    // First the rows, then the columns, rounded to bytes in between, as Pillow does.
    let across = ResizeWeights(from: width, to: newWidth, kernel, in: columns)
    let down = ResizeWeights(from: height, to: newHeight, kernel, in: rows)
    let narrow = across.alongRows(pixels, width: width, rows: down.span)
    return ByteImage(
      height: rows.count, width: columns.count,
      pixels: down.alongColumns(narrow, rowBytes: columns.count * 3, first: down.span.lowerBound))
  }

  /// Some rows and columns.
  private func part(_ rows: Range<Int>, _ columns: Range<Int>) -> ByteImage {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(rows.count * columns.count * 3)
    for row in rows { bytes += pixels[(row * width + columns.lowerBound) * 3..<(row * width + columns.upperBound) * 3] }
    return ByteImage(height: rows.count, width: columns.count, pixels: bytes)
  }

  /// The central square of `size` pixels, cropped as ADM, MAR and FAR crop ImageNet: halved by box while at least twice
  /// as large as needed, resized bicubic until the shorter side fits, then cropped at the centre.
  public func centreCropped(to size: Int) -> ByteImage { cropped(to: size) }

  /// A square window of `size` pixels of the image, which is resized as by `centreCropped`, until its shorter side is
  /// `scale` sides of the window, rounded down.
  ///
  /// `x` and `y` in [0, 1] are positions in the slack of the resized image, or of its central square where
  /// `isInSquare` is true: 0 its left or upper end, 1 its right or lower end; each position has an equal part of
  /// [0, 1], and 0.5 leaves half of the slack, rounded down, in front of the window.
  public func cropped(to size: Int, scale: Double = 1, x: Double = 0.5, y: Double = 0.5, isInSquare: Bool = false)
    -> ByteImage
  {
    let side = max(size, Int(Double(size) * scale))
    var image = self
    while min(image.height, image.width) >= 2 * side {
      image = image.resized(height: image.height / 2, width: image.width / 2, .box)
    }
    let ratio = Double(side) / Double(min(image.height, image.width))
    let height = max(side, Int((Double(image.height) * ratio).rounded(.toNearestOrEven)))
    let width = max(side, Int((Double(image.width) * ratio).rounded(.toNearestOrEven)))
    func start(_ length: Int, _ position: Double) -> Int {
      let slack = (isInSquare ? side : length) - size
      let offset = min(slack, max(0, Int((position * Double(slack + 1)).rounded(.up)) - 1))
      return offset + (isInSquare ? (length - side) / 2 : 0)
    }
    let top = start(height, y), left = start(width, x)
    return image.resized(
      height: height, width: width, .bicubic, rows: top..<top + size, columns: left..<left + size)
  }
}
