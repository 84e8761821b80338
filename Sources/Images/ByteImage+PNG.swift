import CPNG

extension ByteImage {
  /// Decodes a PNG file, without its orientation.
  static func png(_ bytes: [UInt8], _ path: String) throws(ImageError) -> ByteImage {
    // The library keeps a pointer to the bytes until it is done.
    try bytes.withUnsafeBufferPointer { bytes throws(ImageError) in try png(bytes, path) }
  }

  private static func png(_ bytes: UnsafeBufferPointer<UInt8>, _ path: String) throws(ImageError) -> ByteImage {
    guard let file = overtone_png_open(bytes.baseAddress, bytes.count) else {
      throw .unreadable(path: path, why: "out of memory.")
    }
    defer { overtone_png_close(file) }
    func damaged() -> ImageError {
      .unreadable(
        path: path, why: "the PNG image is damaged (\(String(cString: overtone_png_message(file)))).")
    }
    guard overtone_png_is_sound(file) == 1 else { throw damaged() }
    let height = overtone_png_height(file), width = overtone_png_width(file), channels = overtone_png_channels(file)
    let decoded = try decoded(path, height: height, width: width, channels: channels) { pixels in
      overtone_png_read(file, pixels) == 1
    }
    guard var pixels = decoded else { throw damaged() }
    if channels == 4 { blendOverWhite(&pixels) }
    return ByteImage(height: height, width: width, pixels: pixels)
  }

  /// Replaces RGBA by RGB, in place: alpha over white in sRGB values.
  private static func blendOverWhite(_ pixels: inout [UInt8]) {
    let count = pixels.count / 4
    pixels.withUnsafeMutableBufferPointer { pixels in
      for i in 0..<count {
        let alpha = Int(pixels[4 * i + 3])
        for c in 0..<3 {
          pixels[3 * i + c] = UInt8((Int(pixels[4 * i + c]) * alpha + 255 * (255 - alpha) + 127) / 255)
        }
      }
    }
    pixels.removeLast(count)
  }
}
