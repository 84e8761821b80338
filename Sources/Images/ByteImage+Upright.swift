extension ByteImage {
  /// The image rotated and mirrored upright, for an EXIF orientation.
  func upright(orientation: Int) -> ByteImage {
    guard orientation > 1 else { return self }
    let isSideways = orientation >= 5
    var result = ByteImage(height: isSideways ? width : height, width: isSideways ? height : width, colour: [0, 0, 0])
    for y in 0..<result.height {
      for x in 0..<result.width {
        let (fromY, fromX): (Int, Int) =
          switch orientation {
          case 2: (y, width - 1 - x)
          case 3: (height - 1 - y, width - 1 - x)
          case 4: (height - 1 - y, x)
          case 5: (x, y)
          case 6: (height - 1 - x, y)
          case 7: (height - 1 - x, width - 1 - y)
          default: (x, width - 1 - y)
          }
        for c in 0..<3 { result.pixels[(y * result.width + x) * 3 + c] = pixels[(fromY * width + fromX) * 3 + c] }
      }
    }
    return result
  }
}
