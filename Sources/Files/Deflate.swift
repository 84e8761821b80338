import CZlib

/// Decompression of DEFLATE data (RFC 1951) by zlib.
public enum Deflate {
  /// The frame around the data.
  public enum Container: Sendable {
    /// zlib's two bytes in front and its checksum behind (RFC 1950), as PNG has it.
    case zlib
    /// None, as zip has it.
    case none
  }

  /// Returns the decompressed bytes; nil where the data are damaged, cut short, or longer than `limit` bytes.
  ///
  /// Memory grows with what is really there, never with a size that a header names.
  public static func inflated(_ bytes: ArraySlice<UInt8>, in container: Container, limit: Int) -> [UInt8]? {
    var stream = z_stream()
    // 15: a window of 2^15 bytes, the largest; negative without a container.
    guard overtone_inflate_start(&stream, container == .zlib ? 15 : -15) == Z_OK else { return nil }
    defer { inflateEnd(&stream) }
    var result: [UInt8] = [], part = [UInt8](repeating: 0, count: 1 << 16), status = Z_OK
    // zlib counts input in 32 bits.
    var rest = bytes
    while status == Z_OK, !rest.isEmpty {
      let input = rest.prefix(1 << 30)
      let used = input.withUnsafeBufferPointer { input -> Int in
        stream.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.avail_in = UInt32(input.count)
        repeat {
          let written = part.withUnsafeMutableBufferPointer { part in
            stream.next_out = part.baseAddress
            stream.avail_out = UInt32(part.count)
            status = inflate(&stream, Z_NO_FLUSH)
            return part.count - Int(stream.avail_out)
          }
          if written > limit - result.count { status = Z_DATA_ERROR }
          if status == Z_OK || status == Z_STREAM_END { result += part[..<written] }
        } while status == Z_OK && stream.avail_out == 0
        return input.count - Int(stream.avail_in)
      }
      // No input left to take and no end: cut short.
      if status == Z_BUF_ERROR { status = Z_OK }
      rest = rest.dropFirst(used)
    }
    return status == Z_STREAM_END ? result : nil
  }

  /// The CRC-32 of bytes, as zip and PNG write it.
  public static func crc32(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.withUnsafeBufferPointer { UInt32(truncatingIfNeeded: crc32_z(0, $0.baseAddress, $0.count)) }
  }
}
