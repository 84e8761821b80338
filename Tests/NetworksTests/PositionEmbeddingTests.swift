import Glibc
import Networks
import Tensors
import Testing

@Suite struct PositionEmbeddingTests {
  /// The scalar product of a query and a key, each rotated to its position.
  private func score(_ a: GridPosition?, _ b: GridPosition?, zeroesUnpositioned: Bool = false) -> Float {
    var random = Random(seed: 1)
    let q = random.normal([1, 1, 8], "q"), k = random.normal([1, 1, 8], "k")
    func rotated(_ x: Tensor, _ position: GridPosition?) -> Tensor {
      let rotary = RotaryAngles(
        [[position]], headWidth: 8, base: 10_000, zeroesUnpositioned: zeroesUnpositioned)
      return x.rotated(by: rotary, heads: 1)
    }
    return (rotated(q, a) * rotated(k, b)).sum.scalar
  }

  @Test("logits of rotated queries and keys depend on the difference of their positions only")
  func relative() {
    let near = score(GridPosition(row: 0, column: 0), GridPosition(row: 1, column: 2))
    #expect(abs(score(GridPosition(row: 4, column: 3), GridPosition(row: 5, column: 5)) - near) < 1e-5)
    #expect(abs(score(GridPosition(row: 4, column: 3), GridPosition(row: 5, column: 6)) - near) > 1e-3)
    #expect(abs(score(GridPosition(row: 4, column: 3), GridPosition(row: 6, column: 5)) - near) > 1e-3)
  }

  @Test("queries and keys without a position are not rotated, or zero as in LlamaGen")
  func unpositioned() {
    var random = Random(seed: 1)
    let product = (random.normal([1, 1, 8], "q") * random.normal([1, 1, 8], "k")).sum.scalar
    #expect(abs(score(nil, nil) - product) < 1e-6)
    #expect(score(nil, GridPosition(row: 1, column: 1), zeroesUnpositioned: true) == 0)
    #expect(score(GridPosition(row: 1, column: 1), nil, zeroesUnpositioned: true) == 0)
  }

  @Test("the first half of a head's angles grows with the row, the second with the column")
  func angles() {
    let rotary = RotaryAngles(
      [[GridPosition(row: 2, column: 3)]], headWidth: 8, base: 100, zeroesUnpositioned: false)
    #expect(rotary.cosines.shape == [1, 1, 4] && rotary.sines.shape == [1, 1, 4])
    // Frequencies of a half: 100^0 and 100^(-2/4) = 0.1.
    let angles: [Float] = [2, 0.2, 3, 0.3]
    for (i, angle) in angles.enumerated() {
      #expect(abs(rotary.cosines.scalars[i] - cosf(angle)) < 1e-6)
      #expect(abs(rotary.sines.scalars[i] - sinf(angle)) < 1e-6)
    }
  }

  @Test("fixed embeddings differ between positions and are zero without one")
  func fixed() {
    let positions = (0..<6).map { GridPosition(row: Float($0 / 3), column: Float($0 % 3)) }
    let all = Tensor.sinusoidalEmbedding([positions + [nil]], width: 16)
    #expect(all.shape == [1, 7, 16])
    let rows = (0..<7).map { Array(all.scalars[$0 * 16..<$0 * 16 + 16]) }
    #expect(Set(rows).count == 7 && rows[6].allSatisfy { $0 == 0 })
    // Column 1: the first quarter are sines, the fastest of one radian a cell; then cosines; the row's follow.
    #expect(abs(rows[1][0] - sinf(1)) < 1e-6 && abs(rows[1][4] - cosf(1)) < 1e-6)
    #expect(abs(rows[3][8] - sinf(1)) < 1e-6 && abs(rows[3][12] - cosf(1)) < 1e-6)
    // The second frequency of a quarter of 4 is 10000^(-1/4).
    #expect(abs(rows[1][1] - sinf(0.1)) < 1e-6)
  }
}
