/// A cyclic redundancy check of 32 bits, bits reversed, as zip archives (CRC-32) and TFRecord files (CRC-32C) have it.
public struct CRC: Sendable {
  /// Of zip, gzip and PNG: ISO 3309.
  public static let zip = CRC(0xEDB8_8320)
  /// Castagnoli's polynomial: RFC 3720.
  public static let castagnoli = CRC(0x82F6_3B78)

  private let table: [UInt32]

  private init(_ polynomial: UInt32) {
    table = (0..<256).map { byte in
      (0..<8).reduce(UInt32(byte)) { rest, _ in rest & 1 == 0 ? rest >> 1 : rest >> 1 ^ polynomial }
    }
  }

  /// The check of some bytes; `before` is that of bytes which came before them.
  public func callAsFunction(_ bytes: some Sequence<UInt8>, after before: UInt32 = 0) -> UInt32 {
    var rest = ~before
    table.withUnsafeBufferPointer { table in
      for byte in bytes { rest = rest >> 8 ^ table[Int(UInt8(truncatingIfNeeded: rest) ^ byte)] }
    }
    return ~rest
  }

  /// The check of numbers as they lie in memory.
  func callAsFunction(of numbers: [some BitwiseCopyable]) -> UInt32 { numbers.withUnsafeBytes { self($0) } }

  /// The check of texts, each ended by a zero.
  func callAsFunction(of texts: [String]) -> UInt32 { texts.reduce(0) { self(Array($1.utf8) + [0], after: $0) } }
}
