import Images

extension FuzzTarget {
  private static let references = "Tests/ImagesTests/References"

  static let images: [FuzzTarget] = [
    FuzzTarget(
      "png", seeds: [(references, ".png")],
      words: ["IHDR", "IDAT", "IEND", "PLTE", "tRNS", "gAMA", "eXIf", "iTXt", "zTXt", "tEXt", "sRGB", "acTL"],
      readImage),
    FuzzTarget("jpeg", seeds: [(references, ".jpg")], words: ["Exif", "JFIF", "Adobe", "ICC_PROFILE"], readImage),
  ]

  private static func readImage(_ bytes: [UInt8]) throws {
    try withFile(bytes, "") { path in
      let image = try ByteImage.read(path)
      precondition(image.pixels.count == image.height * image.width * 3)
    }
  }
}
