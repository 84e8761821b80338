import CPNG
import Files

/// The most pixels that are read, 2^27: more are a mistake, or an attack on memory.
let mostPixels = 1 << 27

extension ByteImage {
  /// Reads a PNG or JPEG image, whose format is recognized by its content, and converts any colour mode to RGB.
  ///
  /// The result equals that of Pillow's `ImageOps.exif_transpose(image).convert("RGB")` within 2 of 255: alpha is
  /// blended over white in sRGB values, 16 bits are divided down to 8, the orientation is applied, and gamma and colour
  /// profiles are not. Throws `ImageError.missing`, or `.unreadable` for another format, a damaged file, or more than
  /// 2^27 pixels.
  public static func read(_ path: String) throws(ImageError) -> ByteImage {
    try ByteImage(decoding: content(of: path), named: path)
  }

  /// An image from the content of a PNG or JPEG file, as `read` gives it; `name` names it in errors.
  public init(decoding bytes: [UInt8], named name: String) throws(ImageError) {
    if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47]) {
      self = try Self.png(bytes, name).upright(orientation: Orientation.ofPNG(bytes))
    } else if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = try Self.jpeg(bytes, name).upright(orientation: Orientation.ofJPEG(bytes))
    } else {
      throw .unreadable(
        path: name, why: bytes.isEmpty ? "the file is empty." : "this is neither a PNG nor a JPEG image.")
    }
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

  /// Returns the bytes of `height` x `width` pixels that `decode` writes; nil where it returns false. Throws for more
  /// pixels than are read.
  static func decoded(
    _ path: String, height: Int, width: Int, channels: Int, _ decode: (UnsafeMutablePointer<UInt8>) -> Bool
  ) throws(ImageError) -> [UInt8]? {
    guard let extent = Extent([height, width]), extent.count <= mostPixels, extent.fitsMemory(elementSize: channels)
    else { throw .unreadable(path: path, why: "\(width)x\(height) pixels are more than this program reads.") }
    var isSound = false
    // Not zeroed: of a file that lies about its size no memory is touched.
    let bytes = [UInt8](unsafeUninitializedCapacity: extent.count * channels) { buffer, count in
      isSound = buffer.baseAddress.map(decode) ?? false
      count = isSound ? extent.count * channels : 0
    }
    return isSound ? bytes : nil
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
    guard let (width, height) = Self.lengths(width, height) else { return nil }
    let most = overtone_png_most_bytes(width, height)
    let bytes = [UInt8](unsafeUninitializedCapacity: most) { buffer, count in
      count = overtone_png_write(pixels, width, height, buffer.baseAddress, most)
    }
    return bytes.isEmpty ? nil : bytes
  }

  /// Both lengths as libpng counts them; nil for an empty image, and for one that PNG cannot hold.
  private static func lengths(_ width: Int, _ height: Int) -> (UInt32, UInt32)? {
    guard width > 0, height > 0, let width = UInt32(exactly: width), let height = UInt32(exactly: height) else {
      return nil
    }
    return (width, height)
  }
}
