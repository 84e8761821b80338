/// A library that decodes images of one format from memory, as its C interface offers it: functions of an image that it
/// opened. No function ends by a jump out of C: they return 0, and `message` says why.
struct ImageLibrary {
  /// The format, as errors name it: "PNG".
  let format: String
  /// Reads everything in front of the pixels; nil without memory. The result points into the bytes.
  let open: (UnsafePointer<UInt8>?, Int) -> OpaquePointer?
  /// Releases an image.
  let close: (OpaquePointer?) -> Void
  /// 1 if the image can be read so far.
  let isSound: (OpaquePointer?) -> Int32
  /// Rows, columns and channels of the pixels.
  let height, width, channels: (OpaquePointer?) -> Int
  /// Writes bytes [height, width, channels]; 0 where the file is damaged.
  let read: (OpaquePointer?, UnsafeMutablePointer<UInt8>?) -> Int32
  /// The error in the library's words.
  let message: (OpaquePointer?) -> UnsafePointer<CChar>?
}

extension ByteImage {
  /// Decodes a file by a library, without its orientation. `toRGB` replaces pixels of four channels by RGB, in place.
  static func decoded(
    _ bytes: [UInt8], _ path: String, by library: ImageLibrary, toRGB: (inout [UInt8]) -> Void
  ) throws(ImageError) -> ByteImage {
    // The library keeps a pointer to the bytes until it is done.
    try bytes.withUnsafeBufferPointer { bytes throws(ImageError) in
      guard let file = library.open(bytes.baseAddress, bytes.count) else {
        throw .unreadable(path: path, why: "out of memory.")
      }
      defer { library.close(file) }
      func damaged() -> ImageError {
        let reason = library.message(file).map { String(cString: $0) } ?? ""
        return .unreadable(path: path, why: "the \(library.format) image is damaged (\(reason)).")
      }
      guard library.isSound(file) == 1 else { throw damaged() }
      let height = library.height(file), width = library.width(file), channels = library.channels(file)
      let decoded = try decoded(path, height: height, width: width, channels: channels) { pixels in
        library.read(file, pixels) == 1
      }
      guard var pixels = decoded else { throw damaged() }
      if channels == 4 { toRGB(&pixels) }
      return ByteImage(height: height, width: width, pixels: pixels)
    }
  }
}
