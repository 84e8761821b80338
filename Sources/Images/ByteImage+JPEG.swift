import CJPEG

extension ByteImage {
  /// Decodes a JPEG file, without its orientation.
  static func jpeg(_ bytes: [UInt8], _ path: String) throws(ImageError) -> ByteImage {
    try decoded(bytes, path, by: .jpeg, toRGB: mixInks)
  }

  /// Replaces CMYK by RGB, in place. As Pillow, takes all CMYK files for Adobe's, whose values are inverted: 255 is no
  /// ink.
  private static func mixInks(_ pixels: inout [UInt8]) {
    let count = pixels.count / 4
    pixels.withUnsafeMutableBufferPointer { pixels in
      for i in 0..<count {
        let black = Int(pixels[4 * i + 3])
        for c in 0..<3 { pixels[3 * i + c] = UInt8((Int(pixels[4 * i + c]) * black + 127) / 255) }
      }
    }
    pixels.removeLast(count)
  }
}

extension ImageLibrary {
  /// libjpeg.
  fileprivate static var jpeg: ImageLibrary {
    ImageLibrary(
      format: "JPEG", open: overtone_jpeg_open, close: overtone_jpeg_close, isSound: overtone_jpeg_is_sound,
      height: overtone_jpeg_height, width: overtone_jpeg_width, channels: overtone_jpeg_channels,
      read: overtone_jpeg_read, message: overtone_jpeg_message)
  }
}
