import CPNG

extension ByteImage {
  /// Decodes a PNG file, without its orientation.
  static func png(_ bytes: [UInt8], _ path: String) throws(ImageError) -> ByteImage {
    try decoded(bytes, path, by: .png, toRGB: blendOverWhite)
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

extension ImageLibrary {
  /// libpng.
  fileprivate static var png: ImageLibrary {
    ImageLibrary(
      format: "PNG", open: overtone_png_open, close: overtone_png_close, isSound: overtone_png_is_sound,
      height: overtone_png_height, width: overtone_png_width, channels: overtone_png_channels,
      read: overtone_png_read, message: overtone_png_message)
  }
}
