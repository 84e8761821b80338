import Glibc
import Tensors
import Testing

/// Cosines and sines of some angles [batch, positions, headDim / 2].
private func rotary(_ shape: [Int], _ angle: (Int) -> Float) -> RotaryAngles {
  let angles = (0..<shape.product).map(angle)
  return RotaryAngles(cosines: Tensor(shape, angles.map(cosf)), sines: Tensor(shape, angles.map(sinf)))
}

@Suite struct RotaryTests {
  @Test("pairs of channels are rotated, other heads are copied", arguments: [6, 16, 20, 40])
  func pairs(_ headDim: Int) {
    let x = numbers([2, 3, 3 * headDim], 1), angles = numbers([2, 3, headDim / 2], 2).scalars
    let rotated = x.rotated(by: rotary([2, 3, headDim / 2]) { angles[$0] }, heads: 3, rotatedHeads: 2)
    let before = x.scalars
    for (i, value) in rotated.scalars.enumerated() {
      let row = i / (3 * headDim), channel = i % (3 * headDim)
      let angle = angles[row * headDim / 2 + channel % headDim / 2], partner = before[i ^ 1]
      let sine = channel % 2 == 0 ? -sinf(angle) : sinf(angle)
      let expected = channel < 2 * headDim ? before[i] * cosf(angle) + partner * sine : before[i]
      #expect(abs(value - expected) < 1e-5)
    }
  }

  @Test("rotating by the opposite angles restores what was rotated", arguments: [6, 32])
  func inverse(_ headDim: Int) {
    let x = numbers([2, 3, 3 * headDim], 1), angles = numbers([2, 3, headDim / 2], 2).scalars
    let rotated = x.rotated(by: rotary([2, 3, headDim / 2]) { angles[$0] }, heads: 3)
    #expect(rotated.distance(to: x) > 0.1)
    #expect(rotated.rotated(by: rotary([2, 3, headDim / 2]) { -angles[$0] }, heads: 3).distance(to: x) < 1e-5)
  }

  @Test("the product of a rotated query and a rotated key depends on the difference of their positions")
  func relativePositions() {
    let q = numbers([1, 1, 8], 1), k = numbers([1, 1, 8], 2)
    func product(_ query: Float, _ key: Float) -> Float {
      func at(_ x: Tensor, _ position: Float) -> Tensor {
        x.rotated(by: rotary([1, 1, 4]) { position * powf(10_000, -Float($0) / 4) }, heads: 1)
      }
      return (at(q, query) * at(k, key)).sum.scalar
    }
    #expect(abs(product(7, 3) - product(14, 10)) < 1e-4)
    #expect(abs(product(7, 3) - product(7, 4)) > 1e-3)
  }

  /// Rows, heads, width of a head, whether rows see only those before them.
  @Test(
    "attention with rotary angles is a rotation, then attention",
    arguments: [[7, 2, 8, 0], [80, 1, 32, 0], [33, 3, 20, 1], [2, 2, 16, 0], [64, 2, 32, 1], [5, 1, 6, 0]])
  func fused(sizes: [Int]) {
    let (n, heads, d) = (sizes[0], sizes[1], sizes[2]), visible = sizes[3] == 0 ? nil : Array(1...n)
    let angles = numbers([2, n, d / 2], 2).scalars, rotary = rotary([2, n, d / 2]) { 9 * angles[$0] }
    #expect(
      distance(
        [numbers([2, n, 3 * heads * d], 1)],
        { $0[0].selfAttention(heads: heads, visible: visible, rotary: rotary) },
        {
          $0[0].rotated(by: rotary, heads: 3 * heads, rotatedHeads: 2 * heads)
            .selfAttention(heads: heads, visible: visible)
        }) < 1e-4)
  }
}
