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
}
