import Files
import Foundation
import Images
import Testing

@Suite struct MutationTests {
  /// A generator of the same numbers every time (SplitMix64).
  private struct Numbers: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9E37_79B9_7F4A_7C15
      var z = (state ^ state >> 30) &* 0xBF58_476D_1CE4_E5B9
      z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
      return z ^ z >> 31
    }
  }

  /// The bytes with some changed, and often cut or with a part repeated.
  private func mutated(_ bytes: [UInt8], _ numbers: inout Numbers) -> [UInt8] {
    var bytes = bytes
    for _ in 0..<Int.random(in: 1...4, using: &numbers) where !bytes.isEmpty {
      let index = Int.random(in: 0..<bytes.count, using: &numbers)
      bytes[index] = [0, 1, 0x7F, 0x80, 0xFF, UInt8.random(in: 0...255, using: &numbers)].randomElement(
        using: &numbers)!
    }
    switch Int.random(in: 0..<8, using: &numbers) {
    case 0: bytes.removeLast(Int.random(in: 0...bytes.count, using: &numbers))
    case 1:
      let start = Int.random(in: 0..<bytes.count, using: &numbers)
      bytes.insert(contentsOf: bytes[start...].prefix(40), at: start)
    default: break
    }
    return bytes
  }

  /// Corrects the checksums of a PNG, so that what is mutated is read.
  private func checked(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes, offset = 8
    while offset + 12 <= bytes.count {
      let length = bytes[offset..<offset + 4].reduce(0) { $0 << 8 | Int($1) }, end = offset + 8 + length
      guard end + 4 <= bytes.count else { break }
      let sum = Deflate.crc32(bytes[offset + 4..<end])
      for index in 0..<4 { bytes[end + index] = UInt8(truncatingIfNeeded: sum >> UInt32(24 - 8 * index)) }
      offset = end + 4
    }
    return bytes
  }

  @Test("no change of an image's bytes ends the program: it is read or refused in a sentence", arguments: [1, 2, 3])
  func images(_ seed: UInt64) throws {
    let suite = try Suite()
    var numbers = Numbers(state: seed), read = 0, refused = 0
    for name in suite.names {
      let whole = try suite.bytes(name)
      for index in 0..<6 {
        var bytes = mutated(whole, &numbers)
        if index > 1, name.hasSuffix("png") { bytes = checked(bytes) }
        do throws(ImageError) {
          let image = try ByteImage(decoding: bytes, named: name)
          #expect(image.pixels.count == image.height * image.width * 3)
          read += 1
        } catch {
          #expect(error.description.hasPrefix(name + ": ") && error.description.hasSuffix("."))
          refused += 1
        }
      }
    }
    #expect(read > 50 && refused > 50)
  }

  @Test("no change of an archive's bytes ends the program: it is read or refused in a sentence", arguments: [1, 2, 3])
  func archives(_ seed: UInt64) throws {
    var numbers = Numbers(state: seed), read = 0, refused = 0
    for (whole, name) in [
      (try Archives.numPy(), "a.npz"), (Archives.tar([("c/a.png", try Archives.image())]), "a.tar"),
    ] {
      for _ in 0..<700 {
        let source = ByteSource(mutated(whole, &numbers), named: name)
        do throws(ImageError) {
          let images = try name.hasSuffix("npz") ? LabelledImages.numPy(source) : LabelledImages.tar(source)
          for index in images.entries.indices { _ = try images.image(index) }
          read += 1
        } catch {
          #expect(error.description.hasPrefix(name) && error.description.hasSuffix("."))
          refused += 1
        }
      }
    }
    #expect(read > 10 && refused > 50)
  }
}
