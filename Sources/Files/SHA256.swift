import CCrypto

/// SHA-256 (FIPS 180-4), which identifies inputs, settings and artefacts; computed by OpenSSL's libcrypto, which uses
/// the processor's instructions for it where it has them.
public struct SHA256: ~Copyable {
  private let context: OpaquePointer?

  /// The hash of nothing so far.
  public init() {
    context = EVP_MD_CTX_new()
    precondition(EVP_DigestInit_ex(context, EVP_sha256(), nil) == 1, "libcrypto offers no SHA-256")
  }

  deinit { EVP_MD_CTX_free(context) }

  /// Adds bytes.
  public func update(_ bytes: UnsafeRawBufferPointer) { EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) }

  /// Adds bytes.
  public func update(_ bytes: some Sequence<UInt8>) {
    let isContiguous = bytes.withContiguousStorageIfAvailable { update(UnsafeRawBufferPointer($0)) } != nil
    if !isContiguous { Array(bytes).withUnsafeBytes { update($0) } }
  }

  /// Finishes the hash and returns it: 64 hexadecimal digits.
  public consuming func hex() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    EVP_DigestFinal_ex(context, &digest, nil)
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }

  /// The hash of the UTF-8 bytes of a text: 64 hexadecimal digits.
  public static func hex(of text: String) -> String {
    let hash = SHA256()
    hash.update(text.utf8)
    return hash.hex()
  }

  /// The hash of a regular file's content; nil where it cannot be read.
  public static func hex(ofFile path: String) -> String? { try? hex(ofFile: path) { _ in } }

  /// The hash of a regular file's content: 64 hexadecimal digits.
  ///
  /// `watch` is called with the number of bytes of each part that was read, at most 1 MiB; what it throws ends the
  /// reading. Throws a `FileError` where the file cannot be read.
  public static func hex(ofFile path: String, watch: (Int) throws -> Void) throws -> String {
    let file = try RegularFile(path), hash = SHA256()
    let part = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 64)
    defer { part.deallocate() }
    while true {
      let count = try file.read(into: part)
      if count == 0 { return hash.hex() }
      hash.update(UnsafeRawBufferPointer(rebasing: part[..<count]))
      try watch(count)
    }
  }
}
