import Glibc

/// SHA-256 (FIPS 180-4), which identifies inputs and settings.
public struct SHA256 {
  /// The first 32 bits of the fractions of the square roots of the first 8 primes, at the start (section 5.3.3).
  private var state: [UInt32] = [
    0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19,
  ]
  private var pending: [UInt8] = []
  private var length = 0

  /// The hash of nothing so far.
  public init() {}

  /// Adds bytes; blocks of 64 are hashed as soon as they are whole, the rest is kept.
  public mutating func update(_ bytes: some Sequence<UInt8>) {
    pending += bytes
    let blocks = pending.count / 64
    pending.withUnsafeBufferPointer { pending in for block in 0..<blocks { Self.compress(&state, pending, 64 * block) }
    }
    length += 64 * blocks
    pending.removeFirst(64 * blocks)
  }

  /// Finishes the hash and returns it: 64 hexadecimal digits. Nothing can be added afterwards.
  public mutating func hex() -> String {
    let bits = UInt64(length + pending.count) * 8
    // A one bit, zeros up to 56 bytes modulo 64, then the length in bits, big-endian: section 5.1.1.
    update(
      [0x80] + Array(repeating: 0, count: (119 - pending.count) % 64)
        + (0..<8).map { UInt8(truncatingIfNeeded: bits >> (56 - 8 * $0)) })
    return state.map { word in
      let text = String(word, radix: 16)
      return String(repeating: "0", count: 8 - text.count) + text
    }.joined()
  }

  /// The hash of the UTF-8 bytes of a text: 64 hexadecimal digits.
  public static func hex(of text: String) -> String {
    var hash = SHA256()
    hash.update(text.utf8)
    return hash.hex()
  }

  /// The hash of a file's content; nil if it cannot be read.
  public static func hex(ofFile path: String) -> String? {
    guard let file = fopen(path, "r") else { return nil }
    defer { fclose(file) }
    var hash = SHA256(), buffer = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&buffer, 1, buffer.count, file), count > 0 { hash.update(buffer[..<count]) }
    return hash.hex()
  }

  /// The first 32 bits of the fractions of the cube roots of the first 64 primes (section 4.2.2).
  private static let constants: [UInt32] = {
    var primes: [Int] = [], candidate = 2
    while primes.count < 64 {
      if !primes.contains(where: { candidate % $0 == 0 }) { primes.append(candidate) }
      candidate += 1
    }
    return primes.map { prime in
      let root = cbrt(Double(prime))
      return UInt32((root - root.rounded(.down)) * 0x1p32)
    }
  }()

  /// Hashes one block of 64 bytes at `start` into the state [8] (FIPS 180-4, section 6.2.2).
  private static func compress(_ state: inout [UInt32], _ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) {
    func rotated(_ x: UInt32, _ n: UInt32) -> UInt32 { x >> n | x << (32 - n) }
    var w = (0..<16).map { i in (0..<4).reduce(UInt32(0)) { $0 << 8 | UInt32(bytes[start + 4 * i + $1]) } }
    // The message schedule: w[i] = sigma1(w[i - 2]) + w[i - 7] + sigma0(w[i - 15]) + w[i - 16].
    for i in 16..<64 {
      let a = rotated(w[i - 15], 7) ^ rotated(w[i - 15], 18) ^ w[i - 15] >> 3
      let b = rotated(w[i - 2], 17) ^ rotated(w[i - 2], 19) ^ w[i - 2] >> 10
      w.append(w[i - 16] &+ a &+ w[i - 7] &+ b)
    }
    // The working variables a to h are s[0] to s[7].
    var s = state
    for i in 0..<64 {
      let e = rotated(s[4], 6) ^ rotated(s[4], 11) ^ rotated(s[4], 25), choice = s[4] & s[5] ^ ~s[4] & s[6]
      let first = s[7] &+ e &+ choice &+ constants[i] &+ w[i]
      let a = rotated(s[0], 2) ^ rotated(s[0], 13) ^ rotated(s[0], 22),
        majority = s[0] & s[1] ^ s[0] & s[2] ^ s[1] & s[2]
      s = [first &+ a &+ majority, s[0], s[1], s[2], s[3] &+ first, s[4], s[5], s[6]]
    }
    for i in 0..<8 { state[i] &+= s[i] }
  }
}
