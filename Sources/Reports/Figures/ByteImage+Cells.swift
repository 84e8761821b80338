import Images
import Laboratory

extension ByteImage {
  /// A copy with some pixels replaced by a grey checkerboard, which no image shows by itself.
  ///
  /// `isHidden`: one entry a pixel, row by row.
  package func hidden(where isHidden: [Bool]) -> ByteImage {
    var result = self
    for cell in isHidden.indices where isHidden[cell] {
      let shade: UInt8 = (cell % width + cell / width).isMultiple(of: 2) ? 236 : 224
      for c in 0..<3 { result.pixels[3 * cell + c] = shade }
    }
    return result
  }

  /// A copy of another size by nearest neighbour.
  package func stretched(height: Int, width: Int) -> ByteImage {
    var result = ByteImage(height: height, width: width, colour: [0, 0, 0])
    for y in 0..<height {
      for x in 0..<width {
        let from = (y * self.height / height) * self.width + x * self.width / width
        for c in 0..<3 { result.pixels[3 * (y * width + x) + c] = pixels[3 * from + c] }
      }
    }
    return result
  }
}
