import CPNG
import CTurboJPEG
import Glibc

/// More pixels than this are taken for a mistake, or an attack on memory: 2^27.
private let mostPixels = 1 << 27

extension ByteImage {
  /// Reads a PNG or JPEG image, told apart by its content; any colour mode becomes RGB.
  ///
  /// The result is that of Pillow's `ImageOps.exif_transpose(image).convert("RGB")` within 1 of 255: alpha is laid over
  /// white in sRGB values, 16 bits become 8 by division, EXIF orientation is honoured.
  public static func read(_ path: String) throws(ImageError) -> ByteImage {
    let bytes = try content(of: path)
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) { return try png(bytes, path) }
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      return try jpeg(bytes, path).turned(orientation: exifOrientation(bytes))
    }
    throw .unreadable(
      path: path, why: bytes.isEmpty ? "the file is empty." : "this is neither a PNG nor a JPEG image.")
  }

  private static func content(of path: String) throws(ImageError) -> [UInt8] {
    guard let file = fopen(path, "r") else {
      if errno == ENOENT { throw .missing(path: path) }
      throw .unreadable(path: path, why: "it cannot be opened: \(String(cString: strerror(errno))).")
    }
    defer { fclose(file) }
    var bytes: [UInt8] = [], buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { bytes += buffer[..<count] }
    if ferror(file) != 0 { throw .unreadable(path: path, why: "this is not a file; name an image.") }
    return bytes
  }

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
    // Without a gamma chunk the library takes 16 bits for linear light, which nobody writes.
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
    // Adobe writes ink inverted, which is the only CMYK that is met: 255 is no ink.
    var pixels = [UInt8](repeating: 0, count: Int(width) * Int(height) * 3)
    for i in 0..<Int(width) * Int(height) {
      for c in 0..<3 { pixels[3 * i + c] = UInt8((Int(raw[4 * i + c]) * Int(raw[4 * i + 3]) + 127) / 255) }
    }
    return ByteImage(height: Int(height), width: Int(width), pixels: pixels)
  }

  /// EXIF's number for how a camera was held, 1...8; 1 where the file does not say.
  private static func exifOrientation(_ bytes: [UInt8]) -> Int {
    var at = 2
    while at + 4 <= bytes.count, bytes[at] == 0xFF, bytes[at + 1] != 0xDA {
      let length = Int(bytes[at + 2]) << 8 | Int(bytes[at + 3])
      if bytes[at + 1] == 0xE1, at + 10 <= bytes.count, bytes[at + 4..<at + 10].elementsEqual("Exif\0\0".utf8) {
        return orientation(Array(bytes[(at + 10)..<max(at + 10, min(bytes.count, at + 2 + length))]))
      }
      at += 2 + max(2, length)
    }
    return 1
  }

  /// Tag 0x0112 of the first directory of a TIFF block, in either byte order.
  private static func orientation(_ tiff: [UInt8]) -> Int {
    guard tiff.count >= 8 else { return 1 }
    let isLittle = tiff[0] == 0x49
    func number(_ at: Int, _ count: Int) -> Int {
      guard at >= 0, at + count <= tiff.count else { return 0 }
      return (0..<count).reduce(0) { $0 | Int(tiff[at + $1]) << (8 * (isLittle ? $1 : count - 1 - $1)) }
    }
    let directory = number(4, 4)
    for entry in 0..<min(512, number(directory, 2)) where number(directory + 2 + 12 * entry, 2) == 0x0112 {
      let value = number(directory + 10 + 12 * entry, 2)
      return (1...8).contains(value) ? value : 1
    }
    return 1
  }

  /// The image as it should stand, for an EXIF orientation.
  func turned(orientation: Int) -> ByteImage {
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

  /// Writes a PNG: beside `path` first, then in its place.
  public func writePNG(to path: String) throws(ImageError) {
    guard let bytes = png else {
      throw .unwritable(path: path, why: "the image of \(width)x\(height) cannot be encoded.")
    }
    try writeWhole(bytes, to: path)
  }

  /// The bytes of a PNG file; nil where memory is short.
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

/// Writes bytes beside `path` and puts them in its place once they are on the disk.
public func writeWhole(_ bytes: some Collection<UInt8>, to path: String) throws(ImageError) {
  let temporary = "\(path).tmp.\(getpid())"
  func refusal() -> ImageError {
    defer { unlink(temporary) }
    return .unwritable(path: path, why: "\(String(cString: strerror(errno))).")
  }
  guard let file = fopen(temporary, "w") else { throw refusal() }
  let array = Array(bytes), written = fwrite(array, 1, array.count, file)
  let isFlushed = fflush(file) == 0 && fsync(fileno(file)) == 0
  guard fclose(file) == 0, isFlushed, written == array.count else { throw refusal() }
  guard rename(temporary, path) == 0 else { throw refusal() }
}
