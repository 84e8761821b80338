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
  public static func hex(ofFile path: String) -> String? {
    guard let file = try? RegularFile(path) else { return nil }
    let hash = SHA256()
    do { try file.forEachPart { hash.update($0) } } catch { return nil }
    return hash.hex()
  }
}
