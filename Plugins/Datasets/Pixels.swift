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
      for (image, isFlipped) in flipped.enumerated() {
        for start in stride(from: image * height * row, to: (image + 1) * height * row, by: row) {
          for column in 0..<width {
            // Interleaved channels: the pixel in column c of a mirrored row is that in column width - 1 - c.
            let from = start + 3 * (isFlipped ? width - 1 - column : column), to = start + 3 * column
            for channel in 0..<3 { target[to + channel] = Self.numbers[Int(bytes[from + channel])] }
          }
        }
      }
    }
  }
}
