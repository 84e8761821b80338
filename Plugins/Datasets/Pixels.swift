import Autoregression
import Images
import Tensors

/// Some images as bytes, and how they become the numbers that models see.
struct Pixels {
  let height: Int
  let width: Int
  /// [images, height, width, 3]
  var bytes: [UInt8]

  /// x / 127.5 - 1 of every byte.
  private static let numbers: [Float] = (0...255).map { Float($0) / 127.5 - 1 }

  /// All of them as images [batch, height, width, 3] in [-1, 1], mirrored left to right where `flipped` says.
  func images(flipped: [Bool]) -> Tensor {
    let row = width * 3
    precondition(
      bytes.count == flipped.count * height * row,
      "\(bytes.count) bytes are not \(flipped.count) images of \(height)x\(width)")
    return Tensor(unfilled: [flipped.count, height, width, 3]) { target in
      Self.numbers.withUnsafeBufferPointer { numbers in
        bytes.withUnsafeBufferPointer { bytes in
          for (image, isFlipped) in flipped.enumerated() {
            for start in stride(from: image * height * row, to: (image + 1) * height * row, by: row) {
              guard isFlipped else {
                for i in start..<start + row { target[i] = numbers[Int(bytes[i])] }
                continue
              }
              for column in 0..<width {
                // Interleaved channels: the pixel in column c of a mirrored row is that in column width - 1 - c.
                let from = start + 3 * (width - 1 - column), to = start + 3 * column
                for channel in 0..<3 { target[to + channel] = numbers[Int(bytes[from + channel])] }
              }
            }
          }
        }
      }
    }
  }

  /// Images [rows, size, size, 3] in [-1, 1], each cut from another, by its position, as its augmentation says.
  static func images<Failure>(
    size: Int, _ augmented: [Augmentation], original: (Int) throws(Failure) -> ByteImage
  ) throws(Failure) -> Tensor {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(augmented.count * size * size * 3)
    for (index, augmentation) in augmented.enumerated() {
      bytes += try original(index).cut(to: size, augmentation).pixels
    }
    return Pixels(height: size, width: size, bytes: bytes).images(flipped: augmented.map(\.isFlipped))
  }
}

extension ByteImage {
  /// The window that an augmentation cuts from the image, not mirrored.
  fileprivate func cut(to size: Int, _ augmentation: Augmentation) -> ByteImage {
    cropped(
      to: size, scale: Double(augmentation.scale), x: Double(augmentation.x), y: Double(augmentation.y),
      isInSquare: augmentation.isInSquare)
  }
}
