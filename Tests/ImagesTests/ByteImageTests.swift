import Images
import Tensors
import Testing

/// An image whose byte at (y, x, c) is 40 y + 10 x + c.
func numbered(height: Int, width: Int) -> ByteImage {
  ByteImage(
    height: height, width: width,
    pixels: (0..<height * width * 3).map { UInt8(40 * ($0 / 3 / width) + 10 * ($0 / 3 % width) + $0 % 3) })
}

extension ByteImage {
  /// The first channel, row by row.
  var firstChannel: [[UInt8]] {
    (0..<height).map { y in (0..<width).map { x in pixels[(y * width + x) * 3] } }
  }
}

@Suite struct ByteImageTests {
  @Test("bytes become numbers in [-1, 1] and the same bytes again")
  func roundTrip() {
    let image = ByteImage(height: 16, width: 16, pixels: (0..<768).map { UInt8($0 % 256) }), tensor = image.tensor
    #expect(tensor.shape == [1, 16, 16, 3] && tensor.extent == -1...1)
    #expect(ByteImage(tensor, at: 0) == image)
  }

  @Test("numbers outside [-1, 1] are clamped, and what is no number is black")
  func clamped() {
    let batch = Tensor([2, 1, 2, 3], [0, 0, 0, 0, 0, 0, -7, 3, .nan, .infinity, -.infinity, 0])
    #expect(ByteImage(batch, at: 1).pixels == [0, 255, 0, 255, 0, 128])
    #expect(ByteImage(batch, at: 0).pixels == Array(repeating: 128, count: 6))
  }

  @Test("an image of one colour has it in every pixel")
  func colour() {
    #expect(ByteImage(height: 2, width: 1, colour: [1, 2, 3]).pixels == [1, 2, 3, 1, 2, 3])
  }

  @Test("mirroring reverses rows, and twice gives the image back")
  func mirrored() {
    let image = numbered(height: 2, width: 3)
    #expect(image.mirrored().firstChannel == [[20, 10, 0], [60, 50, 40]])
    #expect(image.mirrored().mirrored() == image)
  }

  @Test(
    "an image laid over another keeps inside its borders",
    arguments: [(0, 0), (1, 2), (-1, -1), (3, 3), (-5, 0), (0, 9)])
  func lay(_ y: Int, _ x: Int) {
    var canvas = ByteImage(height: 4, width: 4, colour: [200, 200, 200])
    let other = numbered(height: 2, width: 3)
    canvas.lay(other, y: y, x: x)
    for row in 0..<4 {
      for column in 0..<4 {
        let isCovered = (0..<2).contains(row - y) && (0..<3).contains(column - x)
        let expected = isCovered ? other.firstChannel[row - y][column - x] : 200
        #expect(canvas.firstChannel[row][column] == expected)
      }
    }
  }

  @Test("enlarging makes every pixel a square")
  func enlarged() {
    let image = numbered(height: 2, width: 2)
    #expect(image.enlarged(1) == image)
    #expect(
      image.enlarged(2).firstChannel == [[0, 0, 10, 10], [0, 0, 10, 10], [40, 40, 50, 50], [40, 40, 50, 50]])
  }
}

@Suite struct ResizeTests {
  /// The weight of Pillow's filters at a distance of x pixels.
  private func weight(_ kernel: Kernel, _ x: Double) -> Double {
    switch kernel {
    case .box: return x > -0.5 && x <= 0.5 ? 1 : 0
    case .bicubic:
      let t = abs(x)
      // Keys 1981 with a = -0.5.
      if t < 1 { return 1.5 * t * t * t - 2.5 * t * t + 1 }
      return t < 2 ? -0.5 * t * t * t + 2.5 * t * t - 4 * t + 2 : 0
    }
  }

  /// Every new pixel as a weighted mean of all old ones, in double precision.
  private func slow(_ image: ByteImage, _ height: Int, _ width: Int, _ kernel: Kernel) -> [Double] {
    func weights(_ old: Int, _ new: Int) -> [[Double]] {
      (0..<new).map { i in
        let scale = Double(old) / Double(new), widening = max(1, scale)
        let raw = (0..<old).map { weight(kernel, (Double($0) + 0.5 - (Double(i) + 0.5) * scale) / widening) }
        return raw.map { $0 / raw.reduce(0, +) }
      }
    }
    let rows = weights(image.height, height), columns = weights(image.width, width)
    var result: [Double] = []
    for y in 0..<height {
      for x in 0..<width {
        for c in 0..<3 {
          var sum = 0.0
          for (i, a) in rows[y].enumerated() {
            for (j, b) in columns[x].enumerated() { sum += a * b * Double(image.pixels[(i * image.width + j) * 3 + c]) }
          }
          result.append(min(255, max(0, sum)))
        }
      }
    }
    return result
  }

  @Test(
    "a resized image is the filtered one of the slow definition, rounded twice",
    arguments: [(3, 4), (12, 9), (6, 12), (5, 2), (6, 7)])
  func definition(_ height: Int, _ width: Int) {
    // Bytes far from 0 and 255, so that no overshoot of the cubic filter is clamped between rows and columns.
    var image = ByteImage(height: 6, width: 7, colour: [0, 0, 0])
    for i in image.pixels.indices {
      let y = i / 21, x = i / 3 % 7, c = i % 3
      image.pixels[i] = UInt8(60 + 20 * y + 8 * x + c)
    }
    for kernel in Kernel.allCases {
      let resized = image.resized(height: height, width: width, kernel)
      #expect(resized.height == height && resized.width == width)
      // Pixels at most half apart after each of two roundings, which a sum of cubic weights enlarges a little.
      for (byte, exact) in zip(resized.pixels, slow(image, height, width, kernel)) {
        #expect(abs(Double(byte) - exact) < 1.5, "\(kernel) to \(height)x\(width)")
      }
    }
  }

  @Test("resizing to the same size changes nothing, and one colour stays one colour")
  func unchanged() {
    let image = numbered(height: 4, width: 5), plain = ByteImage(height: 9, width: 7, colour: [3, 120, 250])
    #expect(image.resized(height: 4, width: 5) == image)
    #expect(plain.resized(height: 4, width: 13) == ByteImage(height: 4, width: 13, colour: [3, 120, 250]))
  }

  @Test(
    "the central square has its size, from wide, tall and small images", arguments: [(40, 9), (9, 40), (4, 6), (8, 8)])
  func centre(_ height: Int, _ width: Int) {
    var image = ByteImage(height: height, width: width, colour: [0, 0, 0])
    // A white mark at the centre stays there.
    for y in height / 2 - 1...height / 2 {
      for x in width / 2 - 1...width / 2 { for c in 0..<3 { image.pixels[(y * width + x) * 3 + c] = 255 } }
    }
    let square = image.centreCropped(to: 8)
    #expect(square.height == 8 && square.width == 8)
    let brightest = square.pixels.enumerated().max { $0.element < $1.element }?.offset ?? 0
    #expect((2...5).contains(brightest / 3 / 8) && (2...5).contains(brightest / 3 % 8))
  }
}
