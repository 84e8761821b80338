import CJPEG

extension ByteImage {
  /// Decodes a JPEG file, without its orientation.
  static func jpeg(_ bytes: [UInt8], _ path: String) throws(ImageError) -> ByteImage {
    // The library keeps a pointer to the bytes until it is done.
    try bytes.withUnsafeBufferPointer { bytes throws(ImageError) in try jpeg(bytes, path) }
  }

  private static func jpeg(_ bytes: UnsafeBufferPointer<UInt8>, _ path: String) throws(ImageError) -> ByteImage {
    guard let file = overtone_jpeg_open(bytes.baseAddress, bytes.count) else {
      throw .unreadable(path: path, why: "out of memory.")
    }
    defer { overtone_jpeg_close(file) }
    func damaged() -> ImageError {
      .unreadable(
        path: path, why: "the JPEG image is damaged (\(String(cString: overtone_jpeg_message(file)))).")
    }
    guard overtone_jpeg_is_sound(file) == 1 else { throw damaged() }
    let height = overtone_jpeg_height(file), width = overtone_jpeg_width(file), channels = overtone_jpeg_channels(file)
    let decoded = try decoded(path, height: height, width: width, channels: channels) { pixels in
      overtone_jpeg_read(file, pixels) == 1
    }
    guard var pixels = decoded else { throw damaged() }
    if channels == 4 { mixInks(&pixels) }
    return ByteImage(height: height, width: width, pixels: pixels)
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
