import Tensors
import Testing

@Suite struct BufferPoolTests {
  /// Blocks of a region, and the most bytes that they ever took together.
  private struct Blocks: ~Copyable {
    var region = Region()
    var held: [(UnsafeMutableRawPointer, Int)] = []
    var most = 0

    mutating func take(_ bytes: Int) throws {
      let block = region.take(bytes)
      held.append((try #require(block), bytes))
      most = max(most, held.reduce(0) { $0 + $1.1 })
    }

    /// Gives back those whose number is so.
    mutating func give(_ isGiven: (Int) -> Bool) {
      for (block, bytes) in held.enumerated().filter({ isGiven($0.offset) }).map(\.element) {
        region.give(block, bytes)
      }
      held = held.enumerated().filter { !isGiven($0.offset) }.map(\.element)
    }
  }

  @Test("sizes that grow, one after another, take no more than the largest")
  func growing() throws {
    var blocks = Blocks(), bytes = 1 << 18
    while bytes < 600_000_000 {
      try blocks.take(bytes)
      blocks.give { _ in true }
      bytes = bytes * 9 / 8 / 64 * 64
    }
    #expect(blocks.region.top == blocks.most)
  }

  @Test("what was freed in pieces serves whole, and what was freed whole in pieces")
  func melting() throws {
    var blocks = Blocks()
    for number in 0..<40 { try blocks.take(1_200_000 + 4096 * number) }
    let most = blocks.most
    for round in 0..<20 {
      // Every other one, then all: pieces side by side, and one large one.
      blocks.give { round % 2 == 1 || $0 % 2 == 0 }
      for _ in 0..<8 { try blocks.take(round % 2 == 0 ? 800_000 : 6_000_000) }
    }
    #expect(blocks.most == most && blocks.region.top == most)
  }
}
