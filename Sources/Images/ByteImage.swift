import Glibc
import Tensors

/// An RGB image with eight bits per channel, as screens and files hold it.
public struct ByteImage: Equatable, Sendable {
  /// Rows of pixels.
  public let height: Int
  /// Columns of pixels.
  public let width: Int
  /// Bytes [height, width, 3] in row-major order.
  public var pixels: [UInt8]

  /// An image of the given bytes, [height, width, 3].
  public init(height: Int, width: Int, pixels: [UInt8]) {
    precondition(pixels.count == height * width * 3, "\(pixels.count) bytes are no image of \(height)x\(width)")
    self.height = height
    self.width = width
    self.pixels = pixels
  }

  /// An image of one colour.
  public init(height: Int, width: Int, colour: SIMD3<UInt8>) {
    self.init(height: height, width: width, pixels: (0..<height * width * 3).map { colour[$0 % 3] })
  }

  /// Image `index` of a batch [batch, height, width, 3] in [-1, 1]; values outside are clamped, and NaN is black.
  public init(_ images: Tensor, at index: Int) {
    let area = images.shape[1] * images.shape[2] * 3
    let pixels = images.withUnsafeScalars { scalars in
      (index * area..<(index + 1) * area).map { Self.byte(scalars[$0]) }
    }
    self.init(height: images.shape[1], width: images.shape[2], pixels: pixels)
  }

  /// The byte of a number in [-1, 1].
  private static func byte(_ x: Float) -> UInt8 { x.isNaN ? 0 : UInt8(min(255, max(0, (x + 1) * 127.5 + 0.5))) }

  /// The number of every byte.
  private static let numbers = (0...255).map { Float($0) / 127.5 - 1 }

  /// Returns images of any shape in [-1, 1] as files hold them: clamped, and rounded to the 256 numbers of bytes.
  ///
  /// Everything that is measured is rounded once before: metrics of the files are those of the run.
  public static func rounded(_ images: Tensor) -> Tensor {
    images.withUnsafeScalars { scalars in
      Tensor(unfilled: images.shape) { target in
        for i in scalars.indices { target[i] = numbers[Int(byte(scalars[i]))] }
      }
    }
  }

  /// The image as models read it: [1, height, width, 3] in [-1, 1].
  public var tensor: Tensor { Tensor([1, height, width, 3], pixels.map { Self.numbers[Int($0)] }) }

  /// The image mirrored left to right.
  public func mirrored() -> ByteImage {
    var result = self
    for y in 0..<height {
      for x in 0..<width {
        for c in 0..<3 { result.pixels[(y * width + x) * 3 + c] = pixels[(y * width + width - 1 - x) * 3 + c] }
      }
    }
    return result
  }

  /// Copies another image into this one with its upper left corner at (y, x); pixels outside are dropped.
  public mutating func lay(_ other: ByteImage, y: Int, x: Int) {
    for row in max(0, -y)..<max(max(0, -y), min(other.height, height - y)) {
      let from = max(0, -x), count = min(other.width, width - x) - from
      guard count > 0 else { continue }
      let source = (row * other.width + from) * 3, target = ((row + y) * width + x + from) * 3
      pixels.replaceSubrange(target..<target + 3 * count, with: other.pixels[source..<source + 3 * count])
    }
  }

  /// The image enlarged by an integer factor: every pixel becomes a square of factor x factor.
  public func enlarged(_ factor: Int) -> ByteImage {
    guard factor > 1 else { return self }
    var result = ByteImage(height: height * factor, width: width * factor, colour: [0, 0, 0])
    for y in 0..<result.height {
      for x in 0..<result.width {
        for c in 0..<3 {
          result.pixels[(y * result.width + x) * 3 + c] = pixels[(y / factor * width + x / factor) * 3 + c]
        }
      }
    }
    return result
  }
}

/// An error in reading or writing an image, described in one sentence that begins with its path.
public enum ImageError: Error, CustomStringConvertible, Sendable {
  /// There is no file at the path.
  case missing(path: String)
  /// The file is no image that can be read; `why` is a sentence.
  case unreadable(path: String, why: String)
  /// The file cannot be written; `why` is a sentence.
  case unwritable(path: String, why: String)

  /// The sentence.
  public var description: String {
    switch self {
    case .missing(let path): "\(path): there is no such file."
    case .unreadable(let path, let why): "\(path): \(why)"
    case .unwritable(let path, let why): "\(path): it cannot be written: \(why)"
    }
  }
}
