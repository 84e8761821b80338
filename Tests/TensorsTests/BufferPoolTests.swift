import Tensors
import Testing

@Suite struct BufferPoolTests {
  @Test("free memory that is kept stays within a twentieth, or 64 MiB, of what tensors took")
  func limit() {
    // Each size once, and none serves for another: without a limit all 600 MB of them would be kept.
    var side = 700.0, total = 0
    while total < 600_000_000 {
      total += 4 * Tensor(zeros: [Int(side), Int(side)]).count
      side *= 1.13
      let usage = BufferPool.usage
      #expect(usage.peak <= usage.most + max(64 << 20, usage.most / 20))
    }
  }

  @Test("what was freed in pieces serves whole, and what was freed whole in pieces")
  func melting() {
    let before = BufferPool.usage
    var held = (0..<40).map { Tensor(zeros: [300_000 + 1000 * $0]) }
    let most = BufferPool.usage.peak
    for round in 0..<20 {
      // Every other one, then all: pieces side by side, and one large one.
      held = round % 2 == 0 ? held.enumerated().filter { $0.offset % 2 == 0 }.map(\.element) : []
      held += (0..<8).map { _ in Tensor(zeros: [round % 2 == 0 ? 200_000 : 1_500_000]) }
    }
    #expect(BufferPool.usage.peak <= max(most, before.peak) + (64 << 20))
  }
}
