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
    if newHeight == height && newWidth == width { return self }
    // First the rows, then the columns, rounded to bytes in between, as Pillow does.
    let rowsResized = Self.resampled(pixels, outer: height, length: width, inner: 3, to: newWidth, kernel)
    let resized = Self.resampled(rowsResized, outer: 1, length: height, inner: newWidth * 3, to: newHeight, kernel)
    return ByteImage(height: newHeight, width: newWidth, pixels: resized)
  }

  /// The central square of `size` pixels, cropped as ADM, MAR and FAR crop ImageNet: halved by box while at least twice
  /// as large as needed, resized bicubic until the shorter side fits, then cropped at the centre.
  public func centreCropped(to size: Int) -> ByteImage {
    var image = self
    while min(image.height, image.width) >= 2 * size {
      image = image.resized(height: image.height / 2, width: image.width / 2, .box)
    }
    let scale = Double(size) / Double(min(image.height, image.width))
    image = image.resized(
      height: max(size, Int((Double(image.height) * scale).rounded(.toNearestOrEven))),
      width: max(size, Int((Double(image.width) * scale).rounded(.toNearestOrEven))))
    let top = (image.height - size) / 2, left = (image.width - size) / 2
    var result = ByteImage(height: size, width: size, colour: [0, 0, 0])
    result.lay(image, y: -top, x: -left)
    return result
  }

  /// Resizes the middle axis of bytes [outer, length, inner] to `count`.
  private static func resampled(_ bytes: [UInt8], outer: Int, length: Int, inner: Int, to count: Int, _ kernel: Kernel)
    -> [UInt8]
  {
    guard count != length else { return bytes }
    let scale = Double(length) / Double(count), filterScale = max(1, scale), reach = kernel.support * filterScale
    var result = [UInt8](repeating: 0, count: outer * count * inner)
    for i in 0..<count {
      let centre = (Double(i) + 0.5) * scale
      let lower = max(0, Int(centre - reach + 0.5)), upper = min(length, Int(centre + reach + 0.5))
      let raw = (lower..<upper).map { kernel((Double($0) + 0.5 - centre) / filterScale) }, sum = raw.reduce(0, +)
      // Weights as integers in units of 2^-22, Pillow's precision for bytes.
      let weights = raw.map { Int(($0 / sum * 0x1p22).rounded(.toNearestOrAwayFromZero)) }
      for o in 0..<outer {
        for k in 0..<inner {
          var total = 1 << 21  // rounds to nearest
          for (j, weight) in weights.enumerated() { total += Int(bytes[(o * length + lower + j) * inner + k]) * weight }
          result[(o * count + i) * inner + k] = UInt8(min(255, max(0, total >> 22)))
        }
      }
    }
    return result
  }
}
