import CPNG
import CTurboJPEG
import Files
import Glibc

/// The most pixels that are read, 2^27: more are a mistake, or an attack on memory.
private let mostPixels = 1 << 27

extension ByteImage {
  /// Reads a PNG or JPEG image, whose format is recognized by its content, and converts any colour mode to RGB.
  ///
  /// The result equals that of Pillow's `ImageOps.exif_transpose(image).convert("RGB")` within 1 of 255: alpha is
  /// blended over white in sRGB values, 16 bits are divided down to 8, the EXIF orientation is applied. Throws
  /// `ImageError.missing`, or `.unreadable` for another format, a damaged file, or more than 2^27 pixels.
  public static func read(_ path: String) throws(ImageError) -> ByteImage {
    let bytes = try content(of: path)
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return try png(bytes, path) }
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      return try jpeg(bytes, path).upright(orientation: exifOrientation(bytes))
    }
    throw .unreadable(
      path: path, why: bytes.isEmpty ? "the file is empty." : "this is neither a PNG nor a JPEG image.")
  }

  /// The bytes of a file.
  private static func content(of path: String) throws(ImageError) -> [UInt8] {
    do { return try RegularFile.bytes(path) } catch {
      switch error.reason {
      case .missing: throw .missing(path: path)
      case .notRegular: throw .unreadable(path: path, why: "this is not a file; name an image.")
      default: throw .unreadable(path: path, why: "\(error.reason)")
      }
    }
  }

  /// Decodes a PNG file.
  private static func png(_ bytes: [UInt8], _ path: String) throws(ImageError) -> ByteImage {
    var image = png_image()
    overtone_png_start(&image)
    defer { png_image_free(&image) }
    func message() -> String {
      withUnsafeBytes(of: image.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    guard png_image_begin_read_from_memory(&image, bytes, bytes.count) != 0 else {
      throw .unreadable(path: path, why: "the PNG image is damaged (\(message())).")
    }
    let (height, width) = (Int(image.height), Int(image.width))
    guard height * width <= mostPixels else {
      throw .unreadable(path: path, why: "\(width)x\(height) pixels are more than this program reads.")
    }
    // Without a gamma chunk libpng takes 16 bits for linear light, but such files hold sRGB values.
    if overtone_png_is_linear(&image) != 0 { overtone_png_sixteen_is_srgb(&image) }
    let hasAlpha = overtone_png_has_alpha(&image) != 0
    image.format = hasAlpha ? overtone_png_rgba() : overtone_png_rgb()
    var raw = [UInt8](repeating: 0, count: height * width * (hasAlpha ? 4 : 3))
    guard png_image_finish_read(&image, nil, &raw, 0, nil) != 0 else {
      throw .unreadable(path: path, why: "the PNG image is damaged (\(message())).")
    }
    guard hasAlpha else { return ByteImage(height: height, width: width, pixels: raw) }
    var pixels = [UInt8](repeating: 0, count: height * width * 3)
    for i in 0..<height * width {
      let alpha = Int(raw[4 * i + 3])
      for c in 0..<3 { pixels[3 * i + c] = UInt8((Int(raw[4 * i + c]) * alpha + 255 * (255 - alpha) + 127) / 255) }
    }
    return ByteImage(height: height, width: width, pixels: pixels)
  }

  /// Decodes a JPEG file, without its EXIF orientation.
  private static func jpeg(_ bytes: [UInt8], _ path: String) throws(ImageError) -> ByteImage {
    guard let decoder = tjInitDecompress() else { throw .unreadable(path: path, why: "out of memory.") }
    defer { tjDestroy(decoder) }
    var width: Int32 = 0, height: Int32 = 0, sampling: Int32 = 0, space: Int32 = 0
    guard tjDecompressHeader3(decoder, bytes, UInt(bytes.count), &width, &height, &sampling, &space) == 0, width > 0,
      height > 0
    else {
      throw .unreadable(path: path, why: "the JPEG image is damaged (\(String(cString: tjGetErrorStr2(decoder)))).")
    }
    guard Int(width) * Int(height) <= mostPixels else {
      throw .unreadable(path: path, why: "\(width)x\(height) pixels are more than this program reads.")
    }
    let isInk = space == Int32(TJCS_CMYK.rawValue) || space == Int32(TJCS_YCCK.rawValue)
    var raw = [UInt8](repeating: 0, count: Int(width) * Int(height) * (isInk ? 4 : 3))
    let format = Int32(isInk ? TJPF_CMYK.rawValue : TJPF_RGB.rawValue)
    if tjDecompress2(decoder, bytes, UInt(bytes.count), &raw, width, 0, height, format, TJFLAG_ACCURATEDCT) != 0,
      tjGetErrorCode(decoder) == Int32(TJERR_FATAL.rawValue)
        || String(cString: tjGetErrorStr2(decoder)).contains("remature")
    {
      throw .unreadable(path: path, why: "the JPEG image is damaged (\(String(cString: tjGetErrorStr2(decoder)))).")
    }
    guard isInk else { return ByteImage(height: Int(height), width: Int(width), pixels: raw) }
    // CMYK files in practice are those of Adobe, whose values are inverted: 255 is no ink.
    var pixels = [UInt8](repeating: 0, count: Int(width) * Int(height) * 3)
    for i in 0..<Int(width) * Int(height) {
      for c in 0..<3 { pixels[3 * i + c] = UInt8((Int(raw[4 * i + c]) * Int(raw[4 * i + 3]) + 127) / 255) }
    }
    return ByteImage(height: Int(height), width: Int(width), pixels: pixels)
  }

  /// Writes a PNG file, which replaces a file at `path` atomically; throws `ImageError.unwritable`.
  public func writePNG(to path: String) throws(ImageError) {
    guard let bytes = png else {
      throw .unwritable(path: path, why: "the image of \(width)x\(height) cannot be encoded.")
    }
    do { try writeWhole(bytes, to: path) } catch { throw .unwritable(path: path, why: error.cause) }
  }

  /// The image encoded as a PNG file; nil if libpng runs out of memory.
  public var png: [UInt8]? {
    var image = png_image()
    overtone_png_start(&image)
    image.width = UInt32(width)
    image.height = UInt32(height)
    image.format = overtone_png_rgb()
    var size = 0
    guard png_image_write_to_memory(&image, nil, &size, 0, pixels, 0, nil) != 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: size)
    guard png_image_write_to_memory(&image, &bytes, &size, 0, pixels, 0, nil) != 0 else { return nil }
    return Array(bytes[..<size])
  }
}
