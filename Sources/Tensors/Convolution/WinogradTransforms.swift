/// One padded image at a time.
final class PaddedImage {
  private let windows: Windows, images: UnsafePointer<Float>, padded: Buffer
  private var sample = -1

  init(_ windows: Windows, _ images: UnsafePointer<Float>) {
    (self.windows, self.images, padded) = (windows, images, Buffer(count: windows.paddedCount))
  }

  /// The padded image of a sample [paddedHeight, paddedWidth, channels], valid until another sample is requested.
  func pointer(_ sample: Int) -> UnsafePointer<Float> {
    if sample != self.sample { windows.pad(images, sample, into: padded.pointer) }
    self.sample = sample
    return UnsafePointer(padded.pointer)
  }
}

/// The four elements of a row of a 4x4 tile, for sixteen channels each, and their products with the matrices of
/// F(2x2, 3x3) (Lavin and Gray 2015, arXiv 1509.09308, equation 7):
///
///         1  0 -1  0             1   0   0            1  1  1  0
///   B^T = 0  1  1  0       G =  1/2 1/2 1/2     A^T = 0  1 -1 -1
///         0 -1  1  0            1/2 -1/2 1/2
///         0  1  0 -1             0   0   1
struct Vector16x4 {
  private var a: Vector16, b: Vector16, c: Vector16, d: Vector16

  @inline(__always) private init(_ a: Vector16, _ b: Vector16, _ c: Vector16, _ d: Vector16) {
    (self.a, self.b, self.c, self.d) = (a, b, c, d)
  }

  /// Four vectors with a stride of `step` floats.
  @inline(__always) init(_ from: UnsafePointer<Float>, _ step: Int) {
    self.init(from[vector: 0], from[vector: step], from[vector: 2 &* step], from[vector: 3 &* step])
  }

  /// A row of a kernel times G^T.
  @inline(__always) init(timesG left: Vector16, _ center: Vector16, _ right: Vector16) {
    self.init(left, (left + right + center) * 0.5, (left + right - center) * 0.5, right)
  }

  /// A row of the gradients of outputs times A^T.
  @inline(__always) init(timesATransposed left: Vector16, _ right: Vector16) {
    self.init(left, left + right, left - right, 0 - right)
  }

  /// A row of pixels times B.
  @inline(__always) var timesB: Vector16x4 { Vector16x4(a - c, b + c, c - b, b - d) }

  /// A row of products times A: the outputs of a row.
  @inline(__always) var timesA: (left: Vector16, right: Vector16) { (a + b + c, b - c - d) }

  /// A row of products times G: the gradients of a row of the kernel.
  @inline(__always) var timesG: (left: Vector16, center: Vector16, right: Vector16) {
    let middle = (b + c) * 0.5
    return (a + middle, (b - c) * 0.5, d + middle)
  }

  /// Stores the four vectors with a stride of `step` floats.
  @inline(__always) func store(_ to: UnsafeMutablePointer<Float>, _ step: Int) {
    to[vector: 0] = a
    to[vector: step] = b
    to[vector: 2 &* step] = c
    to[vector: 3 &* step] = d
  }

  @inline(__always) static func + (x: Vector16x4, y: Vector16x4) -> Vector16x4 {
    Vector16x4(x.a + y.a, x.b + y.b, x.c + y.c, x.d + y.d)
  }

  @inline(__always) static func - (x: Vector16x4, y: Vector16x4) -> Vector16x4 {
    Vector16x4(x.a - y.a, x.b - y.b, x.c - y.c, x.d - y.d)
  }

  @inline(__always) static func * (x: Vector16x4, y: Float) -> Vector16x4 {
    Vector16x4(x.a * y, x.b * y, x.c * y, x.d * y)
  }
}
